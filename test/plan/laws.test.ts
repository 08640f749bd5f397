import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import { writeSet } from "../../src/plan/write-set.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { dead, live } from "./change.js";
import { cancelOf, fixOf } from "./planned.js";
import { recorded } from "./recorded.js";

const SHARDS: Readonly<Record<string, readonly string[]>> = {
  "-80": ["zone1-0000000200", "zone1-0000000201"],
  "80-": ["zone1-0000000300"],
};

const PLANS: readonly (readonly [string, (facts: Facts) => Plan])[] = [
  ["v19-cancelled", (facts) => fixOf(facts)],
  ["deleted-by-person-v24", (facts) => fixOf(facts, { orphans: "restore" })],
  ["healthy-reshard-copying-v24", (facts) => cancelOf(facts, { workflow: "c3" })],
  ["healthy-movetables-created-v24", (facts) => cancelOf(facts, { keyspace: "moved", workflow: "m1" })],
];

/** The facts with the rows of every table in another order. */
const permuted = (facts: Facts): fc.Arbitrary<Facts> =>
  fc
    .tuple(
      ...Object.entries(facts).map(([table, rows]: [string, readonly unknown[]]) =>
        fc
          .shuffledSubarray([...rows], { minLength: rows.length })
          .map((shuffled) => [table, shuffled] as const),
      ),
    )
    .map((entries) => Object.fromEntries(entries) as unknown as Facts);

describe("laws of plans", () => {
  test.each(PLANS)("%s: the order in which facts came in does not matter", (name, plan) => {
    const facts = recorded(name);
    const expected = JSON.stringify(plan(facts));
    fc.assert(
      fc.property(permuted(facts), (other) => JSON.stringify(plan(other)) === expected),
      { numRuns: 8 },
    );
  });

  test("a plan writes to the selected shards and nowhere else, whatever else is broken", () => {
    const facts = recorded("v19-cancelled");
    const selection = fc.subarray(Object.keys(SHARDS), { minLength: 1 });
    const broken = fc.subarray(["zone1-0000000201", "zone1-0000000300"]);
    const demoted = fc.boolean();
    fc.assert(
      fc.property(selection, broken, demoted, (shards, gone, demote) => {
        const hurt = gone.reduce(dead, facts);
        const world = demote ? live(hurt, "zone1-0000000200", { type: "REPLICA", term_start: 0 }) : hurt;
        const plan = fixOf(world, {
          findings: shards
            .filter((shard) => shard !== "80-" || !gone.includes("zone1-0000000300"))
            .map((shard) => `shard-missing-live-tablets@customer/${shard}`),
        });
        const aliases = shards.flatMap((shard) => SHARDS[shard] ?? []);
        for (const write of writeSet(plan)) {
          if (write.kind === "topo-key") expect(allowed(shards, aliases, write.key), write.key).toBe(true);
          else expect(aliases).toContain(write.alias);
        }
      }),
      { numRuns: 24 },
    );
  });

  test("every key that a plan creates is read as absent before", () => {
    const plan = fixOf(recorded("v19-cancelled"));
    const absent = plan.premises.flatMap((read) =>
      read.kind === "topo-key" && read.modRevision === 0 ? [read.key] : [],
    );
    const created = writeSet(plan).flatMap((write) => (write.kind === "topo-key" ? [write.key] : []));
    expect([...created].sort()).toEqual([...absent].sort());
  });
});

const allowed = (shards: readonly string[], aliases: readonly string[], key: string): boolean =>
  shards.some((shard) => key.includes(`/keyspaces/customer/shards/${shard}/`)) ||
  aliases.some((alias) => key.endsWith(`/tablets/${alias}/Tablet`));
