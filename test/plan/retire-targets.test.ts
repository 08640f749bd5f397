import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "vitest";
import { DoctorError, RefusedError, UsageError } from "../../src/cluster/errors.js";
import type { CancelRequest } from "../../src/plan/draft.js";
import type { Plan } from "../../src/plan/plan.js";
import { SrvKeyspaceSchema } from "../../src/proto/gen/topodata_pb.js";
import { ShardRoutingRulesSchema, SrvVSchemaSchema } from "../../src/proto/gen/vschema_pb.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { decodeTablet, encoder, encodeTablet } from "../../src/topology/records.js";
import { targetsRetiredAlone } from "../crash/leaving-scenes.js";
import { orphaned, running, snapshotOf } from "../crash/scene.js";
import { addKey, place } from "./change.js";
import { planText } from "./plan-text.js";
import { cancelOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

const COMMAND = {
  kind: "command",
  template: ["systemctl", "stop", "vttablet@{alias}"],
  watchMs: 120_000,
} as const;
const SELF = { kind: "unsupervised", watchMs: 120_000 } as const;
const MOVE = { keyspace: "moved", workflow: "m1" };
const [PRIMARY, REPLICA, SOURCE] = ["zone1-0000000200", "zone1-0000000201", "zone1-0000000100"];

const golden = (name: string): string =>
  new URL(`../../fixtures/golden/plan/${name}.txt`, import.meta.url).pathname;

const factsOf = async (cluster: ReturnType<typeof running.build>): Promise<Facts> => {
  const snapshot = await snapshotOf(cluster);
  try {
    return snapshot.facts();
  } finally {
    snapshot.close();
  }
};

let facts: Facts;
beforeAll(async () => {
  facts = await factsOf(running.build());
});

const retire = (changed: Facts, wanted: Partial<CancelRequest> = {}): Plan =>
  cancelOf(changed, { retire: COMMAND, ...wanted });

const refusal = (changed: Facts, wanted: Partial<CancelRequest> = {}): DoctorError => {
  try {
    retire(changed, wanted);
  } catch (error) {
    if (error instanceof DoctorError) return error;
    throw error;
  }
  throw new Error("it was planned");
};

const stepsOf = (plan: Plan) => plan.stages.flatMap(({ steps }) => steps);

describe("cancel --retire-targets", () => {
  test("by the operator's command: the whole plan", async () => {
    await expect(planText(retire(facts))).toMatchFileSnapshot(golden("cancel-reshard-retire"));
  });

  test("unsupervised, tables purged, after a read switch that was taken back: each record goes right before its vttablet, which ends by that, and the controls go", async () => {
    const plan = retire(await factsOf(targetsRetiredAlone.build()), { retire: SELF, purge: true });
    await expect(planText(plan)).toMatchFileSnapshot(golden("cancel-reshard-retire-unsupervised"));
  });

  test("the targets of a real Reshard leave, and nothing of the source is touched", () => {
    for (const name of ["healthy-reshard-running-v24", "healthy-reshard-running-v19"]) {
      const plan = retire(recorded(name));
      expect(kinds(plan).filter((kind) => kind === "tablet.stop")).toHaveLength(3);
      const written = stepsOf(plan).flatMap((step) => (step.kind === "record.remove" ? [step.key] : []));
      expect(written).toHaveLength(7);
      expect(written.filter((key) => !/\/(-80|80-)\/|zone1-0000000[23]/.test(key))).toEqual([]);
    }
  });

  test("without it the targets stay", () => {
    expect(kinds(cancelOf(facts)).filter((kind) => /^(tablet|record)\./.test(kind))).toEqual([]);
  });

  test("what a native cancel has dropped leaves too, and is not restored", async () => {
    const dropped = await factsOf(orphaned.build());
    expect(kinds(cancelOf(dropped))).toContain("shard.restore");
    const plan = retire(dropped, { retire: SELF });
    expect(plan.blocked).toEqual([]);
    expect(kinds(plan)).not.toContain("shard.restore");
    expect(kinds(plan).filter((kind) => kind === "tablet.stop")).toHaveLength(3);
  });

  test("so do the targets of a cancel that died between them: one dropped, one as it was", async () => {
    const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
    cluster.clock.advance(120_000);
    const cancel = reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 });
    while (cluster.topology.shard("customer", "-80").get() !== null) cancel.next();
    cluster.clock.advance(200_000);
    const plan = retire(await factsOf(cluster), { retire: SELF });
    const ended = stepsOf(plan).flatMap((step) => (step.kind === "tablet.stop" ? [step.tablet.alias] : []));
    expect(ended.sort()).toEqual([PRIMARY, REPLICA, "zone1-0000000300"]);
    expect(kinds(plan).filter((kind) => kind === "tablet.stay-away")).toHaveLength(1);
    expect(kinds(plan).at(-1)).toBe("tablet.stay-away");
  });
});

describe("refused, with nothing of the cancel planned", () => {
  const rule = (from: string): Uint8Array =>
    encoder(ShardRoutingRulesSchema)(
      create(ShardRoutingRulesSchema, {
        rules: [{ fromKeyspace: from, shard: "-80", toKeyspace: "customer" }],
      }),
    );
  const withStream = (alias: string, columns: Partial<Facts["vreplication"][number]>): Facts => {
    const [row] = facts.vreplication;
    if (row === undefined) throw new Error("the scene has no stream");
    const stream = { ...row, address: place(facts, alias), id: 9, workflow: "c3", ...columns };
    return { ...facts, vreplication: [...facts.vreplication, stream] };
  };
  const source = (shard: string): string =>
    `keyspace:"customer" shard:"${shard}" filter:{rules:{match:"elsewhere"}}`;
  const twin = (): Facts => {
    const address = "10.0.0.9:17201";
    const at = place(facts, REPLICA ?? "");
    const copies = <T extends { readonly address: string }>(rows: readonly T[]): readonly T[] => [
      ...rows,
      ...rows.filter((row) => row.address === at).map((row) => ({ ...row, address })),
    ];
    return {
      ...facts,
      live_tablet: copies(facts.live_tablet).map((row) =>
        row.address === address ? { ...row, server_uuid: "another" } : row,
      ),
      witness: copies(facts.witness),
      probe: copies(facts.probe),
    };
  };
  /** A client of `legacy/-80` is sent there by what the cell's vtgates have, though the rule itself is gone. */
  const led = (): Facts => {
    const rules = { rules: [{ fromKeyspace: "legacy", shard: "-80", toKeyspace: "customer" }] };
    const partitions = [{ servedType: 1, shardReferences: [{ name: "-80" }] }];
    return addKey(
      addKey(
        facts,
        "/vitess/zone1/SrvVSchema",
        encoder(SrvVSchemaSchema)(create(SrvVSchemaSchema, { shardRoutingRules: rules })),
        99,
      ),
      "/vitess/zone1/keyspaces/legacy/SrvKeyspace",
      encoder(SrvKeyspaceSchema)(create(SrvKeyspaceSchema, { partitions })),
      99,
    );
  };
  /** The record of a target's replica names where the source runs. */
  const misnamed = (): Facts => {
    const key = `/vitess/zone1/tablets/${REPLICA}/Tablet`;
    const [own, other] = [key, `/vitess/zone1/tablets/${SOURCE}/Tablet`].map((name) => {
      const record = decodeTablet(facts.topo_key.find((one) => one.key === name)?.value ?? new Uint8Array());
      if (record.kind !== "answered") throw new Error(`the scene has no ${name}`);
      return record.value;
    });
    if (own === undefined || other === undefined) throw new Error("the scene has no such tablets");
    const { hostname, portMap } = other;
    const witness = facts.witness.map((row) => (row.alias === REPLICA ? { ...row, source: "history" } : row));
    return addKey({ ...facts, witness }, key, encodeTablet({ ...own, hostname, portMap }), 99);
  };
  const without = (changed: Facts, alias: string): Facts => {
    const address = place(changed, alias);
    return { ...changed, live_tablet: changed.live_tablet.filter((row) => row.address !== address) };
  };
  const owned = (): Facts => {
    const key = `/vitess/zone1/tablets/${PRIMARY}/Tablet`;
    const row = facts.topo_key.find((one) => one.key === key);
    const record = decodeTablet(row?.value ?? new Uint8Array());
    if (record.kind !== "answered") throw new Error("the scene has no 200");
    const value = encodeTablet({ ...record.value, tags: { "planetscale.com/cluster": "example" } });
    return addKey(facts, key, value, row?.mod_revision ?? 1);
  };

  test.each<[string, () => Facts, RegExp]>([
    [
      "a shard routing rule leads to one",
      () => addKey(facts, "/vitess/global/ShardRoutingRules", rule("legacy"), 99),
      /the targets of customer.c2 can not be retired: the shard routing rule of legacy\/-80 leads to customer\/-80 \(\/vitess\/global\/ShardRoutingRules, revision 99\).*Instead: .*ApplyShardRoutingRules/,
    ],
    [
      "a stream of another workflow writes into one",
      () => withStream(PRIMARY ?? "", { source: source("0") }),
      /zone1-0000000200 has streams of c3 too.*Instead: cancel customer.c3 first/,
    ],
    [
      "another workflow reads from one",
      () => withStream(SOURCE ?? "", { source: source("-80") }),
      /customer.c3 on zone1-0000000100 reads from customer\/-80/,
    ],
    ["two processes say that they are one tablet of it", twin, /2 processes say that they are/],
    ["vitess-operator has them", owned, /belong to vitess-operator/],
    ["what the vtgates of a cell have leads to one", led, /PRIMARY queries lead to customer\/-80/],
    [
      "a record of it names another process",
      misnamed,
      /the record of zone1-0000000201 names another process/,
    ],
    [
      "nobody knows whether a tablet of it has ended",
      () => without(misnamed(), REPLICA ?? ""),
      /zone1-0000000201 of customer\/-80 does not answer at .*nobody knows whether its process has ended/,
    ],
    [
      "a stream of it can not be understood",
      () => withStream(PRIMARY ?? "", { source: "keyspace:{" }),
      /the source of stream 9 of c3 on zone1-0000000200 can not be read/,
    ],
  ])("%s", (_, changed, reason) => {
    const error = refusal(changed());
    expect(error.message).toMatch(reason);
    expect(error).toBeInstanceOf(RefusedError);
    expect(kinds(cancelOf(changed()))).toContain("stream.delete");
  });

  test("only a Reshard's targets are its own", () => {
    const error = refusal(recorded("healthy-movetables-created-v24"), MOVE);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(
      "--retire-targets takes the target shards of a Reshard away, and moved.m1 is a MoveTables, whose target shards serve the rest of moved too: leave --retire-targets out",
    );
  });

  test("the workflow is gone, and with it who its targets were", () => {
    const error = refusal(recorded("cancelled-after-journal-v24"));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(
      /customer has no workflow c2.* so --retire-targets retires none: .*vtdoctor scan --keyspace customer/,
    );
    const plan = retire(recorded("cancelled-after-journal-v24"), { missingOk: true });
    expect(plan.stages).toEqual([]);
    expect(plan.notes.join("\n")).toMatch(/--retire-targets retires none/);
  });
});
