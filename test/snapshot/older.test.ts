import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decideExit } from "../../src/findings/verdict.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { readCoverage } from "../../src/rules/coverage.js";
import { judge } from "../../src/rules/judge.js";
import { NEEDS } from "../../src/rules/rule.js";
import { type Facts, factsOf } from "../../src/snapshot/facts.js";
import { TABLES } from "../../src/snapshot/gen/tables.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { cancelOf, fixOf } from "../plan/planned.js";
import { factsOfRecording } from "./facts-of-recording.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vtdoctor-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What an older vtdoctor would have saved, which did not know of something yet: opened, saved again and opened again. */
const openedTwice = (facts: Facts, without: string): Snapshot => {
  const [path, again] = [join(folder, "older.db"), join(folder, "again.db")];
  const whole = Snapshot.of(facts);
  whole.save(path);
  whole.close();
  const db = new sqlite.Database(path);
  db.exec(without);
  db.close();
  const first = Snapshot.open(path);
  first.save(again);
  first.close();
  return Snapshot.open(again);
};

const notAsked = (snapshot: Snapshot) =>
  snapshot
    .rows("unanswered", { reason: "not-asked" })
    .map(({ domain, subject, required }) => ({ domain, subject, required }));

const of010 = (recording: string): Facts => {
  const facts = factsOfRecording(recording);
  return { ...facts, meta: [...facts.meta, { name: "vtdoctor", value: "0.1.0" }] };
};

const LACKING =
  "sidecar copy_state was not asked for: this snapshot was taken by vtdoctor 0.1.0, which did not ask for it";

const RULES = loadRules([SHIPPED_RULES]);
const RECORDING = "v19-cancelled";

describe("a snapshot of an older vtdoctor", () => {
  test("without a view has it, and nobody is said not to have asked", () => {
    const snapshot = openedTwice(
      factsOfRecording(RECORDING),
      "DROP VIEW orphan_shard; DROP VIEW last_deletion",
    );
    expect(notAsked(snapshot)).toEqual([]);
    expect(snapshot.all("SELECT keyspace, shard, operation FROM orphan_shard ORDER BY shard")).toEqual([
      { keyspace: "customer", shard: "-80", operation: "cancel" },
      { keyspace: "customer", shard: "80-", operation: "cancel" },
    ]);
    snapshot.close();
  });

  test("without a table opens, and says that nobody asked for it", () => {
    const snapshot = openedTwice(factsOfRecording(RECORDING), "DROP TABLE vdiff");
    expect(notAsked(snapshot)).toEqual([{ domain: "sidecar", subject: "vdiff", required: 1 }]);
    expect(snapshot.rows("vdiff")).toEqual([]);
    expect(snapshot.rows("live_tablet").length).toBeGreaterThan(0);
    snapshot.close();
  });

  test("without a column keeps the rows, and says the same of the column", () => {
    const facts = factsOfRecording(RECORDING);
    const snapshot = openedTwice(facts, "ALTER TABLE live_tablet DROP COLUMN vstreamers");
    expect(notAsked(snapshot)).toEqual([
      { domain: "tablet", subject: "live_tablet.vstreamers", required: 1 },
    ]);
    expect(snapshot.rows("live_tablet").map(({ alias, vstreamers }) => [alias, vstreamers])).toEqual(
      facts.live_tablet.map(({ alias }) => [alias, null]),
    );
    snapshot.close();
  });

  test("without a column that no row can do without has none of the table", () => {
    const facts = factsOfRecording(RECORDING);
    const snapshot = openedTwice(facts, "ALTER TABLE vreplication DROP COLUMN source");
    expect(facts.vreplication.length).toBeGreaterThan(0);
    expect(notAsked(snapshot)).toEqual([{ domain: "sidecar", subject: "vreplication", required: 1 }]);
    expect(snapshot.rows("vreplication")).toEqual([]);
    snapshot.close();
  });

  test("has no verdict that rests on what it lacks: unknown, and an incomplete scan", () => {
    const snapshot = openedTwice(of010("cancelled-after-journal-v24"), "DROP TABLE copy_state");
    const findings = judge(snapshot, RULES, { now: 0, earlier: null, suppressions: [] });
    const coverage = readCoverage(snapshot, RULES, findings);
    snapshot.close();
    const needing = findings.filter(({ rule }) => rule === "cancelled-workflow-target-residue");
    expect(needing.length).toBeGreaterThan(0);
    expect(new Set(needing.map(({ state, because }) => `${state}: ${because}`))).toEqual(
      new Set([`unknown: ${LACKING}`]),
    );
    expect(findings.some(({ state }) => state !== "unknown")).toBe(true);
    expect(decideExit(findings, coverage, "warning").reasons).toContain(LACKING);
    expect(coverage.rules).toMatchObject({ judged: RULES.length, failed: [] });
    expect(coverage.rules.inPart).toContain("cancelled-workflow-target-residue");
    expect(coverage.rules.inPart).not.toContain("srvvschema-missing");
  });

  test("confirms nothing by what it could not judge itself", () => {
    const facts = of010("cancelled-after-journal-v24");
    const minuteLater = facts.meta.map((row) =>
      row.name === "taken_at_ms" ? { ...row, value: String(Number(row.value) + 60_000) } : row,
    );
    const now = Snapshot.of({ ...facts, meta: minuteLater });
    const stateAfter = (earlier: Snapshot) => {
      const findings = judge(now, RULES, { now: 0, earlier, suppressions: [] });
      earlier.close();
      return findings.find(({ rule }) => rule === "cancelled-workflow-target-residue")?.state;
    };
    expect(stateAfter(Snapshot.of(facts))).toBe("confirmed");
    expect(stateAfter(openedTwice(facts, "DROP TABLE copy_state"))).toBe("suspected");
    now.close();
  });

  test.each([
    ["cancel", "healthy-reshard-running-v24", (facts: Facts) => cancelOf(facts, { keepData: true })],
    ["fix", "v19-cancelled", (facts: Facts) => fixOf(facts)],
  ])("is not planned on by %s", (_, recording, plan) => {
    const facts = of010(recording);
    expect(plan(facts).stages.length).toBeGreaterThan(0);
    const snapshot = openedTwice(facts, "DROP TABLE post_copy_action");
    const older = snapshot.facts();
    snapshot.close();
    expect(() => plan(older)).toThrow(
      /^the snapshot lacks post_copy_action \(this snapshot was taken by vtdoctor 0.1.0, which did not ask for it\)/,
    );
  });
});

test("each fact but meta belongs to a domain that a rule may need", () => {
  const domains = factsOf((table) => [{ table, needs: TABLES[table].needs }]);
  for (const [table, [row]] of Object.entries(domains)) {
    if (table !== "meta") expect(NEEDS, table).toContain((row as { needs?: unknown } | undefined)?.needs);
  }
});
