import type { Format } from "./format.js";
import { json } from "./json.js";
import { nagios } from "./nagios.js";

/** For a person. What draws it is loaded when there is something to draw: a start must not wait for it. */
const human: Format = {
  name: "human",
  scan: async (document, style) => ({
    text: (await import("./human.js")).renderHuman(document, style),
    code: document.exit.code,
  }),
  failure: () => null,
  noted: true,
};

/** The formats of `scan`, the usual one first. */
export const FORMATS: readonly Format[] = [human, json, nagios];

/** A name that is none is an error which must be said somehow, as to a person. */
export const formatNamed = (name: string | undefined): Format =>
  FORMATS.find((format) => format.name === name) ?? human;
