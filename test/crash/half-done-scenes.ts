import { formatAlias } from "../../src/cluster/alias.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, createKeyspace, insertRows } from "../../src/sim/native/keyspace.js";
import { underLock } from "../../src/sim/native/lock.js";
import { done, type Native } from "../../src/sim/native/operation.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { deleteShard } from "../../src/sim/native/reshard-cancel.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { insertStream } from "../../src/sim/native/workflow.js";
import { MATERIALIZE, RESHARD } from "../../src/sim/stream-row.js";
import type { Scene } from "./scene.js";

const TABLE = (name: string): string =>
  `CREATE TABLE \`${name}\` (\n  \`id\` bigint NOT NULL,\n  \`name\` varchar(64) DEFAULT NULL,\n  PRIMARY KEY (\`id\`)\n) ENGINE=InnoDB`;

const REFERENCE = 'keyspace:"geo" shard:"0" filter:{rules:{match:"country" filter:"select * from country"}}';

const alias = (uid: number): string => formatAlias({ cell: "zone1", uid });

export interface HalfDone {
  /** Targets that the cancel had dropped when it died. */
  readonly dropped?: readonly string[];
  /** Tablets that were killed since. */
  readonly dead?: readonly number[];
  /** Tablets that were restarted since. */
  readonly restarted?: readonly number[];
  /** Shards from which a row of c2_reverse reads. */
  readonly reverse?: readonly string[];
}

/** S11: Reshard c2 of shard 0 into -40, 40-80 and 80-, with a reference table's stream, whose cancel dropped two targets and died. */
export const halfDone = (options: HalfDone = {}): SimCluster => {
  const cluster = new SimCluster({ version: "24.0.4" });
  cluster.addCell("zone1");
  keyspace(cluster, "geo", { "0": [400] }, "country");
  keyspace(
    cluster,
    "customer",
    { "0": [100], "-40": [200, 201], "40-80": [250], "80-": [300, 301] },
    "customer",
  );
  cluster.run(applySchema(cluster, "customer", { country: TABLE("country") }));
  const source = cluster.tablet(alias(100));
  source.engine.exec(
    insertStream(source, {
      workflow: "ref",
      dbName: "vt_customer",
      source: REFERENCE,
      workflowType: MATERIALIZE,
      state: "Running",
    }),
  );
  cluster.run(
    reshardCreate(cluster, {
      keyspace: "customer",
      workflow: "c2",
      sources: ["0"],
      targets: ["-40", "40-80", "80-"],
      reference: { workflow: "ref", table: "country", source: REFERENCE },
    }),
  );
  // Longer than clocks differ by: the streams are surely older than the cancel.
  cluster.clock.advance(120_000);
  for (const shard of options.reverse ?? [])
    source.engine.exec(
      insertStream(source, {
        workflow: "c2_reverse",
        dbName: "vt_customer",
        source: `keyspace:"customer" shard:"${shard}" filter:{rules:{match:"/.*" filter:"-"}}`,
        workflowType: RESHARD,
      }),
    );
  for (const uid of [200, 300]) leftovers(cluster, uid);
  dropShards(cluster, options.dropped ?? ["-40", "40-80"]);
  cluster.clock.advance(60_000);
  for (const uid of options.dead ?? []) cluster.tablet(alias(uid)).stop();
  for (const uid of options.restarted ?? []) {
    const tablet = cluster.tablet(alias(uid));
    tablet.stop();
    cluster.restart(tablet);
  }
  cluster.clock.advance(60_000);
  return cluster;
};

/** What a shard-dropping cancel of customer does before it dies. */
export const dropShards = (cluster: SimCluster, shards: readonly string[]): void => {
  const lock = { target: { kind: "keyspace", keyspace: "customer" }, action: "DropTargets" } as const;
  cluster.run(
    underLock(cluster, { ...lock, version: "19.0.10" }, function* (): Native {
      for (const shard of shards) yield* deleteShard(cluster, "customer", shard, true);
      return done;
    }),
  );
};

const keyspace = (
  cluster: SimCluster,
  name: string,
  shards: Readonly<Record<string, readonly number[]>>,
  table: string,
): void => {
  cluster.run(createKeyspace(cluster, name));
  for (const [shard, uids] of Object.entries(shards))
    for (const uid of uids)
      cluster.run(
        startTablet(cluster, cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: name, shard })),
      );
  for (const [uid] of Object.values(shards))
    if (uid !== undefined) cluster.run(plannedReparent(cluster, cluster.tablet(alias(uid))));
  cluster.run(applySchema(cluster, name, { [table]: TABLE(table) }));
  const rows = Array.from({ length: 12 }, (_, n) => ({ key: `${n + 1}`, content: `row ${n + 1}` }));
  insertRows(cluster, name, table, rows);
};

/** A secondary key that the copy has put off, and a VDiff. */
const leftovers = (cluster: SimCluster, uid: number): void => {
  const { mysql, shard, dbName } = cluster.tablet(alias(uid));
  const vreplId = Number(mysql.data.sidecar.vreplication.find((row) => row.workflow === "c2")?.id);
  const action = '{"task": "alter table vt_customer.customer add key name (name)", "type": 1}';
  const vdiff = { id: 1, uuid: `vdiff-${uid}`, workflow: "c2", keyspace: "customer", state: "completed" };
  mysql.write(({ sidecar }) => {
    sidecar.postCopyActions = [{ id: 1, vreplId, tableName: "customer", action }];
    sidecar.vdiffs = [{ ...vdiff, shard, dbName }];
  });
};

/** A dead primary, a restarted replica, and reverse streams of a switch that never was. */
export const halfCancelled: Scene = {
  name: "a half-done cancel",
  build: () => halfDone({ dead: [250], restarted: [201], reverse: ["-40", "40-80", "80-"] }),
  request: {},
  fixes: ["workflow-half-cancelled"],
};
