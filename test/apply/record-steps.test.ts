import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { composed } from "../../src/plan/compose.js";
import type { RecordName } from "../../src/plan/records/record-registry.js";
import { withoutRules, written } from "../../src/plan/records/record-type.js";
import { routingRules } from "../../src/plan/records/routing-rules.js";
import { shard as shardType, withoutDenials } from "../../src/plan/records/shard.js";
import { Shard_TabletControlSchema, ShardSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { RoutingRule } from "../../src/proto/gen/vschema_pb.js";
import {
  RoutingRuleSchema,
  RoutingRulesSchema,
  KeyspaceSchema as VSchemaSchema,
} from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { addShard, createKeyspace } from "../../src/sim/native/keyspace.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { formatLockBody } from "../../src/topology/lock-body.js";
import { decodeSrvVSchema, encodeRoutingRules, encodeShard } from "../../src/topology/records.js";
import type { Entry } from "../../src/topology/store.js";
import { planFor, refTo, run, SERVER, step } from "./hand-plan.js";

/** Field 1000, text: of a Vitess that is not written yet. */
const FUTURE = Buffer.from([0xc2, 0x3e, 2, 0x68, 0x69]);
const LOCKS = [{ kind: "keyspace", keyspace: "customer" }] as const;

const entryOf = (cluster: SimCluster, at: { readonly key: string }): Entry => {
  const entry = cluster.server(SERVER).get(at.key);
  if (entry === null) throw new Error(`${at.key} does not exist`);
  return entry;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** A step that changes a record as it is now. */
function writeOf<D extends DescMessage>(
  cluster: SimCluster,
  at: { readonly key: string },
  record: RecordName,
  { schema, absent }: { readonly schema: D; readonly absent: "empty" | "absent" },
  change: (message: MessageShape<D>) => MessageShape<D>,
) {
  const { value, modRevision } = entryOf(cluster, at);
  const after = written({ schema, absent }, change(fromBinary(schema, value)));
  return step("record.write", {
    server: SERVER,
    key: at.key,
    record,
    modRevision,
    before: base64(value),
    after,
  });
}

describe("record.write of a Shard", () => {
  const CUSTOMER = { kind: "shard", keyspace: "customer", shard: "0" } as const;

  function denied({ tables, isFrozen = false }: { tables: readonly string[]; isFrozen?: boolean }) {
    const cluster = labCluster({ rows: 1 });
    const shard = cluster.topology.shard("customer", "0");
    const record = shard.get() ?? create(ShardSchema);
    const control = create(Shard_TabletControlSchema, {
      tabletType: TabletType.PRIMARY,
      deniedTables: [...tables],
      frozen: isFrozen,
    });
    const bytes = encodeShard({ ...record, tabletControls: [control] });
    cluster.server(SERVER).put(shard.key, Buffer.concat([bytes, FUTURE]));
    const lift = writeOf(cluster, shard, CUSTOMER, shardType, withoutDenials(["customer"]));
    return { cluster, shard, record, lift, plan: planFor(cluster, { steps: [lift], locks: LOCKS }) };
  }

  it("leaves no empty control behind, and every field that it does not know", async () => {
    const { cluster, shard, record, plan } = denied({ tables: ["customer"] });
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    expect(Buffer.from(entryOf(cluster, shard).value)).toEqual(Buffer.concat([encodeShard(record), FUTURE]));
  });

  it("leaves the tables of others denied", async () => {
    const { cluster, shard, plan } = denied({ tables: ["other", "customer"] });
    await run(cluster, plan);
    expect(shard.get()?.tabletControls.map((control) => control.deniedTables)).toEqual([["other"]]);
  });

  it("is refused where the record moved, unless the change is in it already", async () => {
    const { cluster, shard, record, plan } = denied({ tables: ["customer"] });
    cluster.server(SERVER).put(shard.key, entryOf(cluster, shard).value);
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("was changed since the plan was made"),
    });
    shard.put({ ...record, isPrimaryServing: !record.isPrimaryServing });
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
    expect(shard.get()?.isPrimaryServing).toBe(!record.isPrimaryServing);
  });

  it("is refused where the plan tells its change from other bytes than there are", async () => {
    const { cluster, lift } = denied({ tables: ["customer"] });
    const serving = { ...create(ShardSchema), isPrimaryServing: true };
    const lying = { ...lift, before: base64(encodeShard(serving)), after: base64(encodeShard(serving)) };
    const plan = planFor(cluster, { steps: [{ ...lying, after: "" }], locks: LOCKS });
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("was changed since the plan was made"),
    });
  });

  it("is refused where a traffic switch has frozen the control", async () => {
    const { cluster, shard, plan } = denied({ tables: ["customer"], isFrozen: true });
    const before = entryOf(cluster, shard);
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("customer/0 is frozen for PRIMARY: a traffic switch is past"),
    });
    expect(entryOf(cluster, shard)).toEqual(before);
  });

  it("does not write where the record moves between check and write", async () => {
    const { cluster, shard, plan } = denied({ tables: ["customer"] });
    cluster.effects.hook = {
      before: ({ detail }) => {
        if (detail === `put ${shard.key}`) cluster.server(SERVER).put(shard.key, new Uint8Array());
        return undefined;
      },
    };
    expect(await run(cluster, plan)).toMatchObject({ exit: "refused" });
    expect(entryOf(cluster, shard).value).toHaveLength(0);
  });

  it("follows an earlier write of the plan", async () => {
    const { cluster, shard, lift } = denied({ tables: ["customer", "other"] });
    const others = writeOf(cluster, shard, CUSTOMER, shardType, withoutDenials(["other"]));
    const both = composed([lift], [others]);
    if (both.kind === "clash") throw new Error(both.what);
    const [second] = both.steps;
    expect(second).toMatchObject({ modRevision: null, before: lift.after });
    const steps = [lift, { ...others, ...second, id: "02-record.write" }] as const;
    expect(await run(cluster, planFor(cluster, { steps, locks: LOCKS }))).toMatchObject({
      exit: "ok",
      steps: [{ outcome: "done" }, { outcome: "done" }],
    });
    expect(shard.get()?.tabletControls).toEqual([]);
  });
});

describe("record.write of the routing rules", () => {
  function ruled(from: readonly string[], rest: Uint8Array = new Uint8Array()) {
    const cluster = labCluster({ rows: 1 });
    const at = cluster.topology.routingRules();
    const rules = from.map((fromTable) => create(RoutingRuleSchema, { fromTable, toTables: ["customer.t"] }));
    const bytes = Buffer.concat([encodeRoutingRules(create(RoutingRulesSchema, { rules })), rest]);
    cluster.server(SERVER).put(at.key, bytes);
    const write = writeOf(
      cluster,
      at,
      { kind: "routing-rules" },
      routingRules,
      withoutRules<RoutingRule>(({ fromTable }) => ["t", "t@replica"].includes(fromTable)),
    );
    return { cluster, at, plan: planFor(cluster, { steps: [write] }) };
  }

  it("keeps the rules of others and what it does not know", async () => {
    const { cluster, at, plan } = ruled(["t", "other", "t@replica"], FUTURE);
    const ran = await run(cluster, plan, ["01-record.write"]);
    expect(ran).toMatchObject({ exit: "ok", files: { "01-record.write": { key: at.key } } });
    expect(at.get()?.rules.map((rule) => rule.fromTable)).toEqual(["other"]);
    expect(Buffer.from(entryOf(cluster, at).value).subarray(-FUTURE.length)).toEqual(FUTURE);
  });

  it("deletes the key with its last rule, as Vitess does", async () => {
    const { cluster, at, plan } = ruled(["t", "t@replica"]);
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok" });
    expect(cluster.server(SERVER).get(at.key)).toBeNull();
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
  });

  it("keeps the key where something is in it that it does not know", async () => {
    const { cluster, at, plan } = ruled(["t", "t@replica"], FUTURE);
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok" });
    expect(Buffer.from(entryOf(cluster, at).value)).toEqual(FUTURE);
  });
});

describe("srvvschema.rebuild", () => {
  const cells = ["zone1", "zone2"];
  const rebuild = (cluster: SimCluster) =>
    planFor(cluster, { steps: [step("srvvschema.rebuild", { cells })] });

  function twoCells(): SimCluster {
    const cluster = labCluster({ rows: 1 });
    cluster.addCell("zone2", { server: "etcd-zone2:2379", root: "/v2" });
    cluster.topology.vschema("moved").put(create(VSchemaSchema, { sharded: true }));
    cluster.topology.shard("phantom", "0").put(create(ShardSchema));
    const rule = create(RoutingRuleSchema, { fromTable: "t", toTables: ["customer.t"] });
    cluster.topology.routingRules().put(create(RoutingRulesSchema, { rules: [rule] }));
    return cluster;
  }

  it("writes to every cell what Vitess would, phantom keyspaces included, and then finds nothing to do", async () => {
    const cluster = twoCells();
    expect(await run(cluster, rebuild(cluster))).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    const ours = cells.map((cell) => cluster.topology.srvVSchema(cell).get());
    expect(Object.keys(ours[1]?.keyspaces ?? {}).sort()).toEqual(["customer", "moved", "phantom"]);
    expect(await run(cluster, rebuild(cluster))).toMatchObject({
      exit: "ok",
      steps: [{ outcome: "done-already" }],
    });
  });

  it("finds nothing to do where Vitess has just done it", async () => {
    const cluster = labCluster({ rows: 1 });
    const { key } = cluster.topology.srvVSchema("zone1");
    cluster.server(SERVER).delete(key);
    const effects = [...rebuildSrvVSchema(cluster, "24.0.4")];
    expect(effects.length).toBeGreaterThan(0);
    const plan = planFor(cluster, { steps: [step("srvvschema.rebuild", { cells: ["zone1"] })] });
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
  });

  it("takes a keyspace that is gone out, and keeps a section of a newer Vitess", async () => {
    const cluster = twoCells();
    await run(cluster, rebuild(cluster));
    const { key } = cluster.topology.srvVSchema("zone1");
    const before = cluster.server(SERVER).get(key)?.value ?? new Uint8Array();
    cluster.server(SERVER).put(key, Buffer.concat([before, FUTURE]));
    cluster.topology.vschema("moved").delete();
    expect(await run(cluster, rebuild(cluster))).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    const after = decodeSrvVSchema(cluster.server(SERVER).get(key)?.value ?? new Uint8Array());
    expect(after).toMatchObject({ kind: "answered", value: { $unknown: [{ no: 1000 }] } });
    expect(after.kind === "answered" && Object.keys(after.value.keyspaces)).not.toContain("moved");
  });

  it("does not write over a rule that is changed at that moment", async () => {
    const cluster = twoCells();
    const rules = cluster.topology.routingRules();
    const { key } = cluster.topology.srvVSchema("zone1");
    const before = cluster.server(SERVER).get(key)?.modRevision;
    cluster.effects.hook = {
      before: ({ detail }) => {
        if (detail === `put ${key}`) rules.put(create(RoutingRulesSchema));
        return undefined;
      },
    };
    expect(await run(cluster, rebuild(cluster))).toMatchObject({ exit: "refused" });
    expect(cluster.server(SERVER).get(key)?.modRevision).toBe(before);
  });
});

describe("tablet.restore and shard.restore", () => {
  /** The seed, with the records as they were before the cancel. */
  function orphans(version: "19.0.10" | "24.0.4" = "19.0.10") {
    const cluster = reshardingLab({ version, rows: 5 });
    const tablet = cluster.tablet("zone1-0000000200");
    const { topology } = cluster;
    const [record, shard, replication] = [
      topology.tablet(tablet.alias),
      topology.shard("customer", "-80"),
      topology.shardReplication("zone1", "customer", "-80"),
    ];
    const [recordBytes, shardBytes] = [entryOf(cluster, record).value, entryOf(cluster, shard).value];
    cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
    const restoreTablet = step("tablet.restore", {
      tablet: refTo(tablet),
      server: SERVER,
      key: record.key,
      value: Buffer.from(recordBytes).toString("base64"),
      replicationKey: replication.key,
      origin: "history",
    });
    const restoreShard = step("shard.restore", {
      keyspace: "customer",
      shard: "-80",
      server: SERVER,
      key: shard.key,
      value: Buffer.from(shardBytes).toString("base64"),
      keyspaceKey: topology.keyspace("customer").key,
      tabletKeys: [{ server: SERVER, key: record.key }],
      origin: "history",
    });
    const source = topology.shard("customer", "0");
    const premises = [
      {
        kind: "topo-key",
        server: SERVER,
        key: source.key,
        modRevision: entryOf(cluster, source).modRevision,
      },
    ] as const;
    const planned = (...steps: readonly (typeof restoreTablet | typeof restoreShard)[]) =>
      planFor(cluster, { steps, locks: LOCKS, premises });
    return {
      cluster,
      tablet,
      record,
      shard,
      replication,
      recordBytes,
      shardBytes,
      restoreTablet,
      restoreShard,
      planned,
    };
  }

  it("do not put a shard back whose tablet has no record", async () => {
    const o = orphans();
    expect(await run(o.cluster, o.planned(o.restoreShard))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining(`${o.record.key} does not exist`),
    });
    expect(o.shard.get()).toBeNull();
  });

  it("put the same bytes back, and list the tablet once", async () => {
    const o = orphans();
    expect(await run(o.cluster, o.planned(o.restoreTablet, o.restoreShard))).toMatchObject({ exit: "ok" });
    expect(entryOf(o.cluster, o.record).value).toEqual(Buffer.from(o.recordBytes));
    expect(entryOf(o.cluster, o.shard).value).toEqual(Buffer.from(o.shardBytes));
    expect(o.replication.get()?.nodes.map((node) => node.tabletAlias?.uid)).toEqual([200]);
    expect(await run(o.cluster, o.planned(o.restoreTablet, o.restoreShard))).toMatchObject({
      steps: [{ outcome: "done-already" }, { outcome: "done-already" }],
    });
  });

  it("write Tablet and ShardReplication in one revision", async () => {
    const o = orphans();
    await run(o.cluster, o.planned(o.restoreTablet));
    expect(entryOf(o.cluster, o.record).modRevision).toBe(entryOf(o.cluster, o.replication).modRevision);
  });

  const refusals: readonly [string, RegExp, (o: ReturnType<typeof orphans>) => void][] = [
    [
      "a process with other ports than the record says",
      /with that record it would never publish again/,
      ({ tablet }) => {
        tablet.commandLine = tablet.commandLine.map((word) =>
          word === String(tablet.vtPort) ? "15999" : word,
        );
      },
    ],
    [
      "a record that names another process",
      /exists already and names another process or shard/,
      ({ record, tablet }) => record.put({ ...tablet.record(), hostname: "elsewhere" }),
    ],
    [
      "another process at the address",
      /127\.0\.0\.1:16200 is zone1-0000000999 now, not zone1-0000000200/,
      ({ cluster, tablet }) => {
        tablet.kill();
        const alias = { cell: "zone1", uid: 999 };
        const place = {
          keyspace: "customer",
          shard: "-80",
          grpcPort: tablet.grpcPort,
          vtPort: tablet.vtPort,
        };
        cluster.addTablet({ alias, ...place, mysql: tablet.mysql }).begin(tablet.type, null);
      },
    ],
    [
      "a ShardReplication that can not be read",
      /ShardReplication can not be decoded/,
      ({ cluster, replication }) => cluster.server(SERVER).put(replication.key, Uint8Array.of(0xff)),
    ],
    [
      "a shard that exists and differs",
      /exists already and differs from the record/,
      ({ shard }) => shard.put(create(ShardSchema, { isPrimaryServing: true })),
    ],
    [
      "a younger shard of the same ids",
      /shards\/-40\/Shard covers ids of customer\/-80 and is not in the plan/,
      ({ cluster }) => cluster.run(addShard(cluster, "customer", "-40")),
    ],
  ];
  it.each(refusals)("are refused for %s", async (_name, words, happen) => {
    const o = orphans();
    happen(o);
    const plan = o.planned(o.restoreTablet, o.restoreShard);
    expect(await run(o.cluster, plan)).toMatchObject({ exit: "refused", said: expect.stringMatching(words) });
  });

  it("leave a record that its vttablet writes anew, where that ends right before", async () => {
    const o = orphans();
    o.cluster.effects.hook = {
      before: ({ call, detail }) => {
        if (call === "txn" && detail.includes(`put ${o.record.key}`)) o.tablet.kill();
        return undefined;
      },
    };
    expect(await run(o.cluster, o.planned(o.restoreTablet))).toMatchObject({ exit: "ok" });
    expect(o.tablet.running).toBe(false);
    expect(o.record.get()).toMatchObject({ hostname: o.tablet.host });
    o.cluster.restart(o.tablet);
    o.cluster.clock.advance(60_000);
    expect([o.tablet.running, o.record.get()?.portMap]).toEqual([true, o.tablet.record().portMap]);
  });

  it("put no shard back that somebody makes in that moment", async () => {
    const o = orphans();
    o.cluster.effects.hook = {
      before: ({ call, detail }) => {
        if (call === "txn" && detail.includes(`put ${o.shard.key}`)) o.shard.put(create(ShardSchema));
        return undefined;
      },
    };
    expect(await run(o.cluster, o.planned(o.restoreTablet, o.restoreShard))).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/was created, or .* replaced, by somebody else meanwhile/),
    });
    expect(o.shard.get()).toEqual(create(ShardSchema));
  });

  it("never let a shard serve", async () => {
    const o = orphans();
    const value = Buffer.from(encodeShard(create(ShardSchema, { isPrimaryServing: true }))).toString(
      "base64",
    );
    expect(await run(o.cluster, o.planned({ ...o.restoreShard, value }))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("would serve at once"),
    });
  });

  it("do not name a primary whose own record is missing", async () => {
    const o = orphans();
    const unlisted = { ...o.restoreShard, tabletKeys: [] };
    expect(await run(o.cluster, o.planned(unlisted))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("which has no Tablet record"),
    });
    expect(o.shard.get()).toBeNull();
  });

  it("need the keyspace", async () => {
    const o = orphans();
    const plan = planFor(o.cluster, { steps: [o.restoreTablet, o.restoreShard] });
    o.cluster.topology.keyspace("customer").delete();
    expect(await run(o.cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("keyspace customer does not exist any more"),
    });
  });

  it("are followed by the running primary's own sync, for which the run waits", async () => {
    const o = orphans();
    const bare = { ...(o.shard.get() ?? create(ShardSchema)) };
    const value = Buffer.from(encodeShard(bare)).toString("base64");
    const wait = step("shard.await-primary", {
      keyspace: "customer",
      shard: "-80",
      server: SERVER,
      key: o.shard.key,
      alias: o.tablet.name,
      timeoutMs: 90_000,
    });
    const plan = planFor(o.cluster, {
      steps: [o.restoreTablet, { ...o.restoreShard, value }, wait],
      premises: o.planned().premises,
    });
    const before = o.cluster.clock.now();
    expect(await run(o.cluster, plan)).toMatchObject({ exit: "ok" });
    expect(o.cluster.clock.now() - before).toBeLessThanOrEqual(31_000);
    o.tablet.kill();
    o.shard.put(create(ShardSchema));
    const alone = planFor(o.cluster, { steps: [wait] });
    expect(await run(o.cluster, alone)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("did not name itself as primary of customer/-80 within 90 s"),
    });
  });
});

describe("lock.clear", () => {
  function abandoned() {
    const cluster = labCluster({ rows: 1 });
    const etcd = cluster.server(SERVER);
    const lease = etcd.grant(86_400);
    const key = `/vitess/global/internal/named_locks/customer/c2/locks/${lease}`;
    const body = formatLockBody({ action: "WorkflowDelete", hostName: "dead", userName: "v", time: 0 });
    const modRevision = etcd.put(key, body, lease);
    const clear = step("lock.clear", { server: SERVER, key, lease, modRevision });
    return { cluster, etcd, key, lease, body, plan: planFor(cluster, { steps: [clear] }) };
  }

  it("revokes the lease, and the key goes with it", async () => {
    const { cluster, etcd, key, lease, plan } = abandoned();
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    expect(etcd.get(key)).toBeNull();
    expect(etcd.lease(lease)).toBeNull();
  });

  it("leaves a lock that was taken again", async () => {
    const { cluster, etcd, key, lease, body, plan } = abandoned();
    etcd.put(key, body, lease);
    expect(await run(cluster, plan)).toMatchObject({ exit: "refused" });
    expect(etcd.get(key)).not.toBeNull();
  });

  it("leaves one that is taken again in that moment", async () => {
    const { cluster, etcd, key, lease, body, plan } = abandoned();
    const next = etcd.grant(30);
    cluster.effects.hook = {
      before: ({ call }) => {
        if (call === "revoke" && etcd.lease(lease) !== null) {
          etcd.revoke(lease);
          etcd.put(key, body, next);
        }
        return undefined;
      },
    };
    await run(cluster, plan);
    expect(etcd.get(key)).toMatchObject({ lease: next });
  });
});

describe("a step in another etcd than its locks", () => {
  it("is not written when a lock is gone", async () => {
    const cluster = labCluster({ rows: 1 });
    cluster.addCell("zone2", { server: "etcd-zone2:2379", root: "/v2" });
    cluster.run(createKeyspace(cluster, "moved"));
    const { key } = cluster.topology.srvVSchema("zone2");
    cluster.server("etcd-zone2:2379").delete(key);
    const plan = planFor(cluster, {
      steps: [step("srvvschema.rebuild", { cells: ["zone2"] })],
      locks: LOCKS,
    });
    cluster.effects.hook = {
      after: ({ detail }) => {
        if (!detail.includes("/locks/")) return undefined;
        const [lock] = cluster.server(SERVER).range("/vitess/global/keyspaces/customer/locks/");
        cluster.server(SERVER).revoke(lock?.lease ?? "");
        return undefined;
      },
    };
    expect(await run(cluster, plan)).toMatchObject({ exit: expect.stringMatching(/interrupted|refused/) });
    expect(cluster.server("etcd-zone2:2379").get(key)).toBeNull();
  });
});
