import { describe, expect, test } from "vitest";
import type { Facts } from "../../src/snapshot/facts.js";
import { findingsOf, fixOf } from "./planned.js";
import { recorded } from "./recorded.js";

/** A cutover that died left its locks; `hours` later. */
const later = (hours: number): Facts => {
  const facts = recorded("interrupted-cutover-before-journal-v24");
  return {
    ...facts,
    meta: facts.meta.map((row) =>
      row.name === "taken_at_ms" ? { ...row, value: String(Number(row.value) + hours * 3_600_000) } : row,
    ),
  };
};

const NAMED = /internal\/named_locks\/customer\/c2\/locks\/\d+$/;

describe("a lock whose holder died", () => {
  test("hours later its lease is revoked, and the operator is told whom to look for", () => {
    const facts = later(6);
    const plan = fixOf(facts);
    const cleared = plan.stages.flatMap((stage) => stage.steps).filter((step) => step.kind === "lock.clear");
    const named = cleared.find((step) => NAMED.test(step.key));
    const key = facts.topo_key.find((row) => NAMED.test(row.key));
    expect([named?.lease, named?.modRevision]).toEqual([key?.lease, key?.mod_revision]);
    expect(plan.premises).toContainEqual({
      kind: "topo-key",
      server: key?.server,
      key: key?.key,
      modRevision: key?.mod_revision,
    });
    expect(plan.notes.join()).toMatch(/still runs WorkflowSwitchTraffic/);
    expect(plan.stages.every((stage) => stage.locks.length === 0)).toBe(true);
  });

  test("while its operation may still run nothing is cleared", () => {
    const steps = fixOf(later(0)).stages.flatMap((stage) => stage.steps);
    expect(steps.filter((step) => step.kind === "lock.clear")).toEqual([]);
  });

  test("nor is it where the rule that names it does not look at its age", () => {
    const found = findingsOf(later(6)).filter(({ rule }) => rule === "topo-lock-stale");
    const plan = fixOf(later(0), {}, found);
    expect(plan.stages).toEqual([]);
    expect(plan.blocked.map(({ reason }) => reason).join()).toMatch(
      /WorkflowSwitchTraffic may still be running on .* is no older than that operation may be/,
    );
  });

  test("a lock that no lease holds is explained, not deleted", () => {
    const facts = later(6);
    const plan = fixOf({
      ...facts,
      topo_key: facts.topo_key.map((row) => (NAMED.test(row.key) ? { ...row, lease: "0" } : row)),
    });
    expect(plan.blocked.map((one) => one.instead).join()).toMatch(
      /etcdctl del \/vitess\/global\/internal\/named_locks/,
    );
  });
});
