import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type Unanswered, unanswered } from "../../src/cluster/outcome.js";
import {
  KeyspaceSchema,
  KeyspaceType,
  ShardReplicationSchema,
  TabletType,
} from "../../src/proto/gen/topodata_pb.js";
import { KeyspaceSchema as VSchemaSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { addShard, applyVSchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { underLock } from "../../src/sim/native/lock.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { switchReads } from "../sim/native/switch-traffic.js";

interface Told {
  readonly id: string;
  readonly severity: string;
  readonly state: string;
}

/** The same without mere information. */
const alarms = async (cluster: SimCluster): Promise<readonly (number | string)[]> =>
  (await scanned(cluster)).filter((line) => !String(line).startsWith("info "));

/** What a scan says, with the second look that comes by itself: its exit code, and `severity id` of what is not deferred. */
async function scanned(cluster: SimCluster, flags = ""): Promise<readonly (number | string)[]> {
  const { code, out, err } = await operatorAt(cluster).type(`scan${flags} --format json`);
  if (out === "") throw new Error(err);
  const { findings } = JSON.parse(out) as { findings: readonly Told[] };
  return [
    code,
    ...findings.filter(({ state }) => state !== "deferred").map(({ severity, id }) => `${severity} ${id}`),
  ];
}

const started = (
  cluster: SimCluster,
  uid: number,
  shard: string,
  { keyspace = "customer", cell = "zone1", type = TabletType.REPLICA } = {},
): SimTablet => {
  const tablet = cluster.addTablet({ alias: { cell, uid }, keyspace, shard, type });
  cluster.run(startTablet(cluster, tablet));
  return tablet;
};

const lab = (): SimCluster => labCluster({ version: "24.0.4", rows: 20 });

const SITUATIONS: [string, () => SimCluster, string][] = [
  [
    "a shard whose primary is in a cell that --cell left out",
    () => {
      const cluster = lab();
      cluster.addCell("zone2");
      cluster.run(createKeyspace(cluster, "far"));
      cluster.run(plannedReparent(cluster, started(cluster, 700, "0", { keyspace: "far", cell: "zone2" })));
      started(cluster, 701, "0", { keyspace: "far" });
      return cluster;
    },
    " --cell zone1",
  ],
  [
    "a live SNAPSHOT keyspace",
    () => {
      const cluster = lab();
      snapshotKeyspace(cluster);
      started(cluster, 700, "0", { keyspace: "snap" });
      return cluster;
    },
    "",
  ],
  [
    "a SNAPSHOT keyspace whose tablets were stopped",
    () => {
      const cluster = lab();
      snapshotKeyspace(cluster);
      started(cluster, 700, "0", { keyspace: "snap" }).stop();
      return cluster;
    },
    "",
  ],
  [
    "a SNAPSHOT keyspace whose tablets were killed",
    () => {
      const cluster = lab();
      snapshotKeyspace(cluster);
      started(cluster, 700, "0", { keyspace: "snap" }).kill();
      return cluster;
    },
    "",
  ],
  [
    "a SNAPSHOT keyspace that is left over without tablets",
    () => {
      const cluster = lab();
      snapshotKeyspace(cluster);
      cluster.run(addShard(cluster, "snap", "0"));
      return cluster;
    },
    "",
  ],
  [
    "a cell that was just added, and nothing runs there yet",
    () => {
      const cluster = lab();
      cluster.addCell("zone2");
      return cluster;
    },
    "",
  ],
  [
    "a keyspace that RemoveKeyspaceCell took out of a cell",
    () => {
      const cluster = lab();
      cluster.addCell("zone2");
      cluster.run(createKeyspace(cluster, "near"));
      cluster.run(plannedReparent(cluster, started(cluster, 700, "0", { keyspace: "near", cell: "zone2" })));
      return cluster;
    },
    "",
  ],
  [
    "shards of a new keyspace before their first election",
    () => {
      const cluster = lab();
      cluster.run(createKeyspace(cluster, "fresh"));
      // They replicate from nobody yet, so Vitess does not let them serve.
      for (const uid of [700, 701]) started(cluster, uid, "0", { keyspace: "fresh" }).disabled = true;
      return cluster;
    },
    "",
  ],
  [
    "shards of a coming Reshard before their first election",
    () => {
      const cluster = lab();
      started(cluster, 700, "-40");
      started(cluster, 701, "-40");
      return cluster;
    },
    "",
  ],
  [
    "a new shard whose tablets all restore from a backup",
    () => {
      const cluster = lab();
      started(cluster, 700, "-40", { type: TabletType.RESTORE });
      started(cluster, 701, "-40", { type: TabletType.RESTORE });
      return cluster;
    },
    "",
  ],
  [
    "a shard of which a replica restores from a backup, and another makes one",
    () => {
      const cluster = lab();
      started(cluster, 700, "0", { type: TabletType.RESTORE });
      started(cluster, 701, "0", { type: TabletType.BACKUP });
      return cluster;
    },
    "",
  ],
  [
    "a shard that was created before its tablets were started",
    () => {
      const cluster = lab();
      cluster.run(addShard(cluster, "customer", "-40"));
      cluster.run(createKeyspace(cluster, "fresh"));
      cluster.run(addShard(cluster, "fresh", "0"));
      return cluster;
    },
    "",
  ],
  [
    "key ranges that are the same in other bytes",
    () => {
      const cluster = lab();
      cluster.run(createKeyspace(cluster, "wide"));
      cluster.run(applyVSchema(cluster, "wide", create(VSchemaSchema, { sharded: true })));
      for (const shard of ["-0003", "0003-"]) cluster.run(addShard(cluster, "wide", shard));
      for (const [uid, shard] of [
        [700, "-0003"],
        [701, "0003-"],
      ] as const)
        cluster.run(plannedReparent(cluster, started(cluster, uid, shard, { keyspace: "wide" })));
      const graph = cluster.topology.srvKeyspace("zone1", "wide");
      const record = graph.get();
      if (record === null) throw new Error("no SrvKeyspace of wide");
      for (const { keyRange } of record.partitions.flatMap(({ shardReferences }) => shardReferences))
        for (const end of ["start", "end"] as const)
          if (keyRange?.[end].length) keyRange[end] = Uint8Array.of(0, 3, 0);
      graph.put(record);
      return cluster;
    },
    "",
  ],
  [
    "a replica whose record was deleted, and whose process ends",
    () => {
      const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
      const replica = cluster.tablet("zone1-0000000201");
      cluster.topology.tablet(replica.alias).delete();
      unlist(cluster, replica);
      replica.publish();
      return cluster;
    },
    "",
  ],
];

/** As DeleteTablets does. */
function unlist({ topology }: SimCluster, { alias, keyspace, shard }: SimTablet): void {
  const record = topology.shardReplication(alias.cell, keyspace, shard);
  const list = record.get() ?? create(ShardReplicationSchema);
  record.put({ ...list, nodes: list.nodes.filter(({ tabletAlias }) => tabletAlias?.uid !== alias.uid) });
}

const snapshotKeyspace = (cluster: SimCluster): void => {
  cluster.run(createKeyspace(cluster, "snap"));
  cluster.topology.keyspace("snap").put(
    create(KeyspaceSchema, {
      ...{ keyspaceType: KeyspaceType.SNAPSHOT, baseKeyspace: "customer", sidecarDbName: "_vt" },
    }),
  );
};

describe("healthy, for as long as it lasts", () => {
  it.each(SITUATIONS)("%s", async (_, build, flags) => {
    const cluster = build();
    for (const minutes of [0, 1, 30]) {
      cluster.clock.advance(minutes * 60_000);
      const [code, ...loud] = await scanned(cluster, flags);
      expect([code, ...loud.filter((line) => !String(line).startsWith("info "))]).toEqual([0]);
    }
  });
});

describe("a tablet whose MySQL is down while it is filled from a backup, or one is made of it", () => {
  /** What a vttablet answers then, as far as it does (test/vitess/lasting.test.ts). */
  const alarmsWhile = async (type: TabletType, says: Unanswered) => {
    const cluster = lab();
    const { grpcPort } = started(cluster, 700, "0", { type });
    const { reader } = cluster;
    const [identity, rows] = [reader.identity.bind(reader), reader.rows.bind(reader)];
    reader.identity = async (at) => (at.grpcPort === grpcPort ? says : identity(at));
    reader.rows = async (at, read) =>
      at.grpcPort === grpcPort ? unanswered("timeout", "no answer in 3 s") : rows(at, read);
    return alarms(cluster);
  };
  const SHUT = unanswered("failed", "tabletserver is shutdown");

  it.each([TabletType.RESTORE, TabletType.BACKUP])("makes no scan incomplete (type %i)", async (type) => {
    expect(await alarmsWhile(type, SHUT)).toEqual([0]);
  });

  it("does where nothing of it answers, or it is none of these", async () => {
    expect(await alarmsWhile(TabletType.RESTORE, unanswered("timeout", "no answer in 3 s"))).toEqual([3]);
    expect((await alarmsWhile(TabletType.REPLICA, SHUT))[0]).toBe(3);
  });
});

describe("a pod that was replaced, under its alias", () => {
  const ALIAS = "zone1-0000000101";
  const FINDING = `tablet-alias-used-twice@${ALIAS}`;

  /** The old one was told to end; a scan knows its address by an inventory. */
  function replaced() {
    const cluster = lab();
    const old = started(cluster, 101, "0");
    const { alias, keyspace, shard } = old;
    const young = cluster.addTablet({ alias, keyspace, shard, host: "10.0.0.2", type: TabletType.REPLICA });
    cluster.run(startTablet(cluster, young));
    const { folder, type } = operatorAt(cluster);
    const inventory = join(folder, "inventory.yaml");
    writeFileSync(
      inventory,
      `tablets:\n  - {host: ${old.host}, grpc: ${old.grpcPort}, http: ${old.vtPort}}\n`,
    );
    const told = async (settle: number) => {
      const { code, out } = await type(`scan --inventory ${inventory} --settle ${settle}s --format json`);
      const { findings } = JSON.parse(out) as { findings: readonly Told[] };
      const [found] = findings.filter(({ id }) => id === FINDING);
      return [code, found?.severity, found?.state];
    };
    return { old, told };
  }

  it("is no alarm while the old vttablet ends, as long as a pod may take for it", async () => {
    const { old, told } = replaced();
    old.disabled = true;
    expect(await told(0)).toEqual([0, "warning", "suspected"]);
    expect(await told(1790)).toEqual([0, "warning", "suspected"]);
    expect(await told(1800)).toEqual([1, "warning", "confirmed"]);
    old.stop();
    expect((await told(0)).slice(1)).toEqual([undefined, undefined]);
  });

  it("may not have been told to end yet, and is an alarm where that lasts", async () => {
    const { told } = replaced();
    expect(await told(31)).toEqual([3, "critical", "suspected"]);
    expect(await told(300)).toEqual([1, "critical", "confirmed"]);
  });

  it("is one at once where the old one is a PRIMARY too", async () => {
    const { old, told } = replaced();
    old.changeType(TabletType.PRIMARY);
    old.disabled = true;
    expect((await told(31)).slice(1)).toEqual(["critical", "confirmed"]);
  });
});

describe("a table that was made after the reads of a Reshard were switched", () => {
  const made = async (table: string): Promise<readonly (number | string)[]> => {
    const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
    cluster.run(switchReads(cluster, { keyspace: "customer", workflow: "c2" }));
    const before = await scanned(cluster);
    const { dbName, mysql } = cluster.tablet("zone1-0000000100");
    mysql.createTable(dbName, table, `CREATE TABLE \`${table}\` (\n  \`id\` bigint NOT NULL\n)`);
    const after = await scanned(cluster);
    return [...before, "and then", ...after];
  };

  it("is told as what it is, and not as an outage that a repair would end by routing reads back", async () => {
    expect(await made("later")).toEqual([
      ...[0, "and then", 1],
      "warning mysql-table-not-in-vschema@customer",
      "warning served-shard-without-tables@customer",
    ]);
  });

  it.each(["_6ace8bce_f732_11ea_87e9_f875a4d24e90_20200915120410_vrepl", "_corder_gho", "_corder_ghc"])(
    "is nothing where an Online DDL made it for itself: %s",
    async (table) => {
      const told = (await made(table)).filter((line) => !String(line).startsWith("info "));
      expect(told).toEqual([0, "and then", 0]);
    },
  );
});

describe("a denied table that another keyspace has and serves", () => {
  const FINDING = "keep-data-denial-residue@moved/0";

  it("may have been moved there, and its journal be gone: it is no outage, as it is where nobody has it", async () => {
    const cluster = moving.build();
    const kept = { keepData: true, keepRoutingRules: true };
    cluster.run(moveTablesCancel(cluster, { keyspace: "moved", workflow: "c2", ...kept }));
    expect(await alarms(cluster)).toEqual([1, `warning ${FINDING}`]);
    for (const { keyspace, mysql, dbName } of cluster.tablets)
      if (keyspace === "customer") mysql.write(({ databases }) => databases.get(dbName)?.delete("customer"));
    const told = (await alarms(cluster)).map(String);
    expect(told).toContain(`critical ${FINDING}`);
  });
});

describe("a reparent that takes longer than most do", () => {
  const FINDING = "primary-not-serving@customer/0";

  /** It has demoted the primary and waits for replicas; Vitess renews its lock of 30 s wherever it checks it. */
  function demoted() {
    const cluster = lab();
    const action = "PlannedReparentShard(zone1-0000000101)";
    const target = { kind: "shard", keyspace: "customer", shard: "0" } as const;
    underLock(cluster, { target, action, version: cluster.version }, () => {
      throw new Error("it never comes so far");
    }).next();
    cluster.tablet("zone1-0000000100").disabled = true;
    const { etcd } = cluster.topology.global;
    const [lock] = etcd.range("/vitess/global/keyspaces/customer/shards/0/locks/");
    if (lock === undefined) throw new Error("there is no lock of the shard");
    const renew = (): void => {
      if (etcd.keepAlive(lock.lease)) cancel = cluster.clock.at(cluster.clock.now() + 20_000, renew);
    };
    let cancel = (): void => {};
    renew();
    return { cluster, die: () => cancel() };
  }

  it("defers what it makes for as long as its lock is renewed", async () => {
    const { cluster } = demoted();
    for (const minutes of [1, 20]) {
      cluster.clock.advance(minutes * 60_000);
      expect(await alarms(cluster)).toEqual([3]);
    }
  });

  it("and that is an outage once its lock is gone", async () => {
    const { cluster, die } = demoted();
    cluster.clock.advance(60_000);
    die();
    cluster.clock.advance(60_000);
    expect(await alarms(cluster)).toEqual([1, `critical ${FINDING}`]);
  });
});
