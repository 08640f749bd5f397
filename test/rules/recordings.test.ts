import { readdirSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { scanDocument } from "../../src/findings/document.js";
import { renderHuman } from "../../src/report/human.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { readCluster, readCoverage } from "../../src/rules/coverage.js";
import { judge } from "../../src/rules/judge.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";

const rules = loadRules([SHIPPED_RULES]);
const names = readdirSync(new URL("../../fixtures/recordings", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const open: Snapshot[] = [];
afterAll(() => {
  for (const snapshot of open) snapshot.close();
});

const scanOf = (name: string) => {
  const snapshot = Snapshot.of(factsOfRecording(name));
  open.push(snapshot);
  const findings = judge(snapshot, rules, { now: 0, earlier: null, suppressions: [] });
  return scanDocument({
    version: "test",
    failOn: "warning",
    cluster: readCluster(snapshot),
    coverage: readCoverage(snapshot, rules, findings),
    findings,
    expired: [],
  });
};

describe("what is said of every recorded cluster", () => {
  it.each(names)("%s", async (name) => {
    const document = scanOf(name);
    expect(document.findings.filter(({ rule }) => rule === "rule-failed")).toEqual([]);
    // How many rules there are is not what a recording tells.
    const text = renderHuman(document, { color: 0, width: 120, verbose: false });
    await expect(text.replace(/\d+ rules judged/, "all rules judged")).toMatchFileSnapshot(
      `../../fixtures/golden/report/recordings/${name}.txt`,
    );
  });

  it.each(names.filter((name) => name.startsWith("healthy-")))("%s is silent", (name) => {
    // Some were recorded after an earlier Reshard, whose retired source runs on.
    const loud = scanOf(name).findings.filter(({ rule }) => rule !== "retired-shard-still-running");
    expect(loud.map(({ id }) => id)).toEqual([]);
  });
});
