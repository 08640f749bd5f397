import { readdirSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { RefusedError } from "../../src/cluster/errors.js";
import { ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import { KeyspaceRoutingRulesSchema, ShardRoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import { interrupt } from "../../src/sim/native/operation.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { moving as movingScene, snapshotOf } from "../crash/scene.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";
import { addKey, streamRows, undenied } from "./change.js";
import { cancelOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

/** Phases that say that some traffic has left the sources, or is about to. */
const SWITCHING = ["reads-switched", "cutover", "cutover-journaled", "switched", "frozen-only"];

const workflowsOf = (snapshot: Snapshot) =>
  snapshot.rows("workflow").map(({ keyspace, workflow, phase }) => ({
    keyspace,
    workflow,
    phase,
    signs: snapshot.rows("switch_sign", { keyspace, workflow }).length,
  }));

const refusal = (facts: Facts, wanted: Parameters<typeof cancelOf>[1] = {}): string => {
  try {
    return kinds(cancelOf(facts, wanted)).join();
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return error.message;
  }
};

describe("a switch is seen by the phase and by the guard of cancel alike", () => {
  const recordings = readdirSync(new URL("../../fixtures/recordings/", import.meta.url)).filter(
    (name) => !name.endsWith(".md"),
  );

  test.each(recordings)("%s", (name) => {
    const facts = recorded(name);
    const snapshot = Snapshot.of(facts);
    const found = workflowsOf(snapshot);
    snapshot.close();
    for (const { keyspace, workflow, phase, signs } of found.filter(({ phase }) =>
      SWITCHING.includes(phase),
    )) {
      expect(signs, `${workflow} is ${phase}`).toBeGreaterThan(0);
      for (const keepData of [true, false])
        expect(refusal(facts, { keyspace, workflow, keepData }), `${workflow} is ${phase}`).toMatch(
          /can not be cancelled/,
        );
    }
  });

  test("after every effect of a MoveTables' switch", async () => {
    const switching = () => {
      const cluster = movingScene.build();
      return { cluster, native: moveTablesSwitch(cluster, "moved", "c2") };
    };
    const { effects } = interrupt(switching().native, Number.POSITIVE_INFINITY);
    const seen: string[] = [];
    for (let limit = 0; limit <= effects.length; limit++) {
      const { cluster, native } = switching();
      interrupt(native, limit);
      cluster.clock.advance(3_000);
      const snapshot = await snapshotOf(cluster);
      const forward = workflowsOf(snapshot).find(({ workflow }) => workflow === "c2");
      snapshot.close();
      seen.push(`${forward?.phase} ${(forward?.signs ?? 0) > 0 ? "signs" : "none"}`);
    }
    expect([...new Set(seen)]).toEqual([
      "running none",
      "reads-switched signs",
      "cutover signs",
      "cutover-journaled signs",
      "switched signs",
    ]);
  }, 60_000);
});

describe("signs that the guard of cancel did not see by itself", () => {
  const moving = (): Facts => recorded("healthy-movetables-created-v24");
  const MOVE = { keyspace: "moved", workflow: "m1" };
  const G = "/vitess/global";

  test("a source that denies the table, as from the first moment of a cutover without a switch of reads", () => {
    const shard = create(ShardSchema, {
      isPrimaryServing: true,
      tabletControls: [{ tabletType: 1, deniedTables: ["corder"] }],
    });
    const facts = addKey(
      moving(),
      `${G}/keyspaces/customer/shards/-80/Shard`,
      toBinary(ShardSchema, shard),
      9_999,
    );
    expect(refusal(facts, MOVE)).toMatch(
      /source customer\/-80 denies the table corder \(\/vitess\/global\/keyspaces\/customer\/shards\/-80\/Shard, revision 9999\).*SetShardTabletControl --remove --denied-tables=corder customer\/-80 primary/,
    );
  });

  test("a shard routing rule", () => {
    const rules = create(ShardRoutingRulesSchema, {
      rules: [{ fromKeyspace: "customer", shard: "0", toKeyspace: "moved" }],
    });
    const facts = addKey(moving(), `${G}/ShardRoutingRules`, toBinary(ShardRoutingRulesSchema, rules), 9_999);
    expect(refusal(facts, MOVE)).toMatch(/the shard routing rule of customer.0 leads to moved/);
  });

  test("a keyspace routing rule", () => {
    const rules = create(KeyspaceRoutingRulesSchema, {
      rules: [{ fromKeyspace: "customer@replica", toKeyspace: "moved" }],
    });
    const key = `${G}/routing_rules/keyspace/Rules`;
    const facts = addKey(moving(), key, toBinary(KeyspaceRoutingRulesSchema, rules), 9_999);
    expect(refusal(facts, MOVE)).toMatch(
      /the keyspace routing rule of customer@replica leads to moved .*Instead: route the reads back first/,
    );
  });

  test("streams that were stopped for a cutover, whose source was let serve again", () => {
    const stopped = { state: "Stopped", message: "stopped for cutover" };
    const facts = streamRows(recorded("healthy-reshard-running-v24"), "c2", stopped);
    expect(refusal(facts)).toMatch(
      /stream 1 on zone1-0000000200 was stopped for the cutover: .*Instead: see that the sources take writes/,
    );
  });

  test("a Reshard whose rows are too old to say that they are one", () => {
    const plain = { workflow_type: 0, state: "Running", message: "" };
    const facts = streamRows(recorded("healthy-after-switch-all-v24"), "c2", plain);
    expect(refusal(facts, { keepData: true })).toMatch(/target customer\/-80 serves writes/);
  });
});

describe("a Materialize, which is never switched", () => {
  const used = (): Facts => {
    const facts = streamRows(undenied(recorded("healthy-movetables-switched-v24")), "m1", {
      workflow_type: 0,
      state: "Running",
      message: "",
    });
    return {
      ...facts,
      resharding_journal: [],
      vreplication: facts.vreplication.filter(({ workflow }) => workflow === "m1"),
    };
  };
  const MOVE = { keyspace: "moved", workflow: "m1" };

  test("goes where rules lead to its tables and they stay", () => {
    expect(refusal(used(), { ...MOVE, keepData: true })).toContain("stream.delete");
  });

  test("does not where they would go", () => {
    expect(refusal(used(), { ...MOVE, keepData: false })).toMatch(
      /the rule .*corder leads to moved.corder.*Instead: cancel with --keep-data, or take those rules away first/,
    );
  });
});
