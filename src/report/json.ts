import type { Format } from "./format.js";

/** Exactly one document, its keys in the order of its type: the same snapshot gives the same bytes. */
export const renderJson = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

export const json: Format = {
  name: "json",
  scan: (document) => ({ text: renderJson(document), code: document.exit.code }),
  failure: (document) => ({ text: renderJson(document), code: document.exit.code }),
  noted: true,
};
