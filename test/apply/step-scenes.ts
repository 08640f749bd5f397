import { create } from "@bufbuild/protobuf";
import { expect } from "vitest";
import type { StepKind, StepOf } from "../../src/plan/steps/index.js";
import { stopMessage } from "../../src/plan/steps/streams.js";
import { TabletAliasSchema } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { type Bare, refTo, rowsOn, SERVER, step } from "./hand-plan.js";

export const HOLD = "vtdoctor_hold_r1";
export const DB = "vt_customer";
const SOURCE = 'keyspace:"customer" shard:"0" filter:{rules:{match:"/.*" filter:"-80"}}';
export const JOURNAL = { id: "1", dbName: DB, val: "id:1 migration_type:SHARDS" };

/** A primary that no stream writes into. */
export const IDLE = "zone1-0000000100";

export interface Scene {
  readonly cluster: SimCluster;
  /** The primary of -80, into which stream 1 of c2 was copied, and is stopped. */
  readonly tablet: SimTablet;
}

export const sql = ({ tablet }: Scene, statement: string): void =>
  expect(tablet.executeAsDba(statement)).toMatchObject({ kind: "answered" });

export const setStreams = ({ tablet }: Scene, set: string): void => {
  tablet.engine.exec(`update _vt.vreplication set ${set} where workflow='c2'`);
};

export const addStream = ({ tablet }: Scene): void => {
  const [row] = tablet.mysql.data.sidecar.vreplication;
  tablet.mysql.write(({ sidecar }) => {
    sidecar.vreplication = [...sidecar.vreplication, { ...row, id: "2" }];
  });
};

const hold = (scene: Scene, ...tables: readonly string[]): void => {
  sql(scene, `create database ${HOLD}`);
  for (const table of tables) sql(scene, `rename table ${DB}.${table} to ${HOLD}.${table}`);
};

export const shardAt = (scene: Scene) => scene.cluster.topology.shard("customer", "-80");

const onTables = ({ tablet }: Scene) => ({
  tablet: refTo(tablet),
  dbName: DB,
  holdSchema: HOLD,
  tables: ["customer"],
  views: [],
});

const onStreams = ({ tablet }: Scene) => ({
  tablet: refTo(tablet),
  workflow: "c2",
  dbName: DB,
  rows: rowsOn(tablet, "c2"),
});

/** A step of each kind that the scene lets run, and what of the scene it needs first. */
const STEPS: { readonly [K in StepKind]?: (scene: Scene) => Bare<K> } = {
  "stream.stop": onStreams,
  "stream.restart": (scene) => {
    setStreams(scene, `message='${stopMessage("r0")}'`);
    return { ...onStreams(scene), stoppedBy: "r0", rows: [{ id: 1, state: "Running", message: "" }] };
  },
  "stream.delete": onStreams,
  "ghost.stop": (scene) => {
    sql(scene, "delete from _vt.vreplication where id=1");
    return { tablet: refTo(scene.tablet), dbName: DB, workflow: "c2", stream: 1, source: SOURCE };
  },
  "vdiff.delete": ({ tablet }) => {
    const { keyspace, shard, dbName } = tablet;
    const vdiff = { id: 1, uuid: "u", workflow: "c2", keyspace, shard, dbName, state: "completed" };
    tablet.mysql.write(({ sidecar }) => {
      sidecar.vdiffs = [vdiff];
    });
    return { tablet: refTo(tablet), keyspace, workflow: "c2" };
  },
  "journal.delete": ({ tablet }) => {
    tablet.mysql.write(({ sidecar }) => {
      sidecar.journals = [JOURNAL];
    });
    return { tablet: refTo(tablet), dbName: DB, journal: JOURNAL.id, val: JOURNAL.val };
  },
  "keys.export": ({ tablet }) => {
    const alter = `alter table ${DB}.corder add key sku (sku)`;
    tablet.mysql.data.sidecar.postCopyActions.push({
      id: 1,
      vreplId: 1,
      tableName: "corder",
      action: JSON.stringify({ task: alter, type: 1 }),
    });
    return { tablet: refTo(tablet), workflow: "c2", dbName: DB, ids: [1], actions: [], apply: true };
  },
  "table.hold": onTables,
  "table.drop": onTables,
  "table.return": (scene) => {
    hold(scene, "customer");
    return onTables(scene);
  },
  "hold.drop": (scene) => {
    hold(scene, "customer");
    return onTables(scene);
  },
  "tablet.refresh": ({ tablet }) => ({ tablet: refTo(tablet) }),
  "tablet.stop": ({ cluster, tablet }) => {
    const record = cluster.topology.tablet(tablet.alias);
    record.delete();
    const idle = refTo(cluster.tablet(IDLE));
    return { server: SERVER, key: record.key, tablet: refTo(tablet), command: null, idle };
  },
  "srvvschema.rebuild": ({ cluster }) => {
    cluster.topology.srvVSchema("zone1").delete();
    return { cells: ["zone1", "zone9"] };
  },
  "shard.await-primary": (scene) => {
    const at = shardAt(scene);
    const record = at.get();
    if (record !== null) at.put({ ...record, primaryAlias: create(TabletAliasSchema) });
    const place = { keyspace: "customer", shard: "-80", server: SERVER, key: at.key };
    return { ...place, alias: scene.tablet.name, timeoutMs: 60_000 };
  },
  "shard.elect": (scene) => {
    const key = scene.cluster.topology.tablet(scene.tablet.alias).key;
    const place = { keyspace: "customer", shard: "-80", server: SERVER, key: shardAt(scene).key };
    return { ...place, alias: scene.tablet.name, record: { server: SERVER, key }, vtctld: "vtctld:15999" };
  },
};

export const sceneNow = (): Scene => {
  const cluster = reshardingLab({ rows: 20 });
  const tablet = cluster.tablet("zone1-0000000200");
  tablet.engine.exec("update _vt.vreplication set state='Stopped' where workflow='c2'");
  return { cluster, tablet };
};

export const madeOf = <K extends StepKind>(kind: K, scene: Scene): StepOf<K> => {
  const make: ((scene: Scene) => Bare<K>) | undefined = STEPS[kind];
  if (make === undefined) throw new Error(`no step of kind ${kind}`);
  return step(kind, make(scene));
};
