import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { debugVars } from "../../src/sim/serve/tablet-http.js";
import type { SidecarRow } from "../../src/tablets/access.js";
import { parseVars } from "../../src/tablets/vars.js";
import { readRecording } from "./recorded-files.js";

const RECORDINGS = "fixtures/recordings";

const recorded = readdirSync(RECORDINGS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readRecording(join(RECORDINGS, name)).tablets.flatMap((tablet) =>
      tablet.debug_vars === undefined
        ? []
        : [{ name: `${name} ${tablet.uid}`, body: tablet.debug_vars, rows: tablet._vt.vreplication }],
    ),
  );

const parsed = (body: string) => {
  const vars = parseVars(body);
  if (vars.kind === "unanswered") throw new Error(vars.message);
  return vars.value;
};

/** The labels under which a stream is published. */
const LABELLED = ["VReplicationStreamState", "VReplicationHeartbeat", "VReplicationConfig"];

describe("the served /debug/vars", () => {
  it.each(recorded)("say what those of $name said, under the same labels", ({ body, rows }) => {
    const vars = parsed(JSON.stringify(body));
    const served = debugVars(vars, rows as readonly SidecarRow[]);
    expect(parsed(served)).toEqual(vars);
    const labels = (all: Readonly<Record<string, unknown>>) =>
      LABELLED.map((name) => (name in all ? Object.keys(Object(all[name])).sort() : null));
    // A stream without a row does not say what type it was of.
    if (vars.streams.every(({ id }) => rows.some((row) => Number(row.id) === id)))
      expect(labels(JSON.parse(served))).toEqual(labels(body));
  });
});
