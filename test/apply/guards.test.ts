import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type GuardOf, KINDS, type StepKind, type StepOf } from "../../src/plan/steps/index.js";
import { stopMessage } from "../../src/plan/steps/streams.js";
import { TabletAliasSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { type Bare, planFor, refTo, rowsOn, run, SERVER, step } from "./hand-plan.js";

const HOLD = "vtdoctor_hold_r1";
const DB = "vt_customer";
const SOURCE = 'keyspace:"customer" shard:"0" filter:{rules:{match:"/.*" filter:"-80"}}';
const JOURNAL = { id: "1", dbName: DB, val: "id:1 migration_type:SHARDS" };

/** A primary that no stream writes into. */
const IDLE = "zone1-0000000100";

interface Scene {
  readonly cluster: SimCluster;
  /** The primary of -80, into which stream 1 of c2 was copied, and is stopped. */
  readonly tablet: SimTablet;
}

const sql = ({ tablet }: Scene, statement: string): void =>
  expect(tablet.executeAsDba(statement)).toMatchObject({ kind: "answered" });

const setStreams = ({ tablet }: Scene, set: string): void => {
  tablet.engine.exec(`update _vt.vreplication set ${set} where workflow='c2'`);
};

const addStream = ({ tablet }: Scene): void => {
  const [row] = tablet.mysql.data.sidecar.vreplication;
  tablet.mysql.write(({ sidecar }) => {
    sidecar.vreplication = [...sidecar.vreplication, { ...row, id: "2" }];
  });
};

const hold = (scene: Scene, ...tables: readonly string[]): void => {
  sql(scene, `create database ${HOLD}`);
  for (const table of tables) sql(scene, `rename table ${DB}.${table} to ${HOLD}.${table}`);
};

/** Another process answers at the tablet's address. */
const replaced = ({ cluster, tablet }: Scene): void => {
  tablet.kill();
  const alias = { cell: "zone1", uid: 999 };
  const place = { keyspace: "customer", shard: "-80", grpcPort: tablet.grpcPort, vtPort: tablet.vtPort };
  cluster.addTablet({ alias, ...place, mysql: tablet.mysql }).begin(TabletType.PRIMARY, null);
};

const REPLACED = /127\.0\.0\.1:16200 is zone1-0000000999 now, not zone1-0000000200/;

const used =
  (table: string) =>
  ({ cluster, tablet }: Scene): void => {
    tablet.mysql.locks.instrumented = true;
    tablet.mysql.locks.hold([table]);
    cluster.clock.advance(300_000);
  };

const USED = /would wait for it, and every new query on the table behind that/;

const shardAt = (scene: Scene) => scene.cluster.topology.shard("customer", "-80");

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

interface Case {
  readonly words: RegExp;
  /** What happens after the plan. */
  happen(scene: Scene): void;
}

type Cases = { readonly [K in StepKind]?: { readonly [G in GuardOf<K>]?: Case } };

const onAnother = { tablet: { words: REPLACED, happen: replaced } };

const CASES: Cases = {
  "stream.stop": onAnother,
  "stream.restart": {
    ...onAnother,
    stoppedByRun: {
      words: /stream 1 of c2 .* is Running now/,
      happen: (scene) => setStreams(scene, "state='Running'"),
    },
  },
  "stream.delete": {
    ...onAnother,
    planned: { words: /stream 2 of c2 .* is not in the plan and would be deleted too/, happen: addStream },
  },
  "ghost.stop": {
    ...onAnother,
    rowless: {
      words: /has a row again, which is not this run's/,
      happen: ({ tablet }) =>
        tablet.mysql.write(({ sidecar }) => {
          sidecar.vreplication = [
            { id: "1", workflow: "c2", db_name: DB, source: SOURCE, state: "Stopped", message: "" },
          ];
        }),
    },
  },
  "vdiff.delete": onAnother,
  "journal.delete": {
    ...onAnother,
    sameRow: {
      words: /the journal 1 of .* is another one than in the plan/,
      happen: ({ tablet }) =>
        tablet.mysql.write(({ sidecar }) => {
          sidecar.journals = [{ ...JOURNAL, val: `${JOURNAL.val} ` }];
        }),
    },
  },
  "keys.export": { ...onAnother, unused: { words: USED, happen: used(`${DB}.corder`) } },
  "table.hold": { ...onAnother, unused: { words: USED, happen: used(`${DB}.customer`) } },
  "table.drop": { ...onAnother, unused: { words: USED, happen: used(`${DB}.customer`) } },
  "table.return": {
    ...onAnother,
    nameFree: {
      words: /customer exists in vt_customer .*: somebody made it since; both stay as they are/,
      happen: ({ tablet }) => tablet.mysql.createTable(DB, "customer", "CREATE TABLE `customer` (`id` int)"),
    },
    held: {
      words: /customer is neither in vtdoctor_hold_r1 nor in vt_customer/,
      happen: (scene) => sql(scene, `drop table ${HOLD}.customer`),
    },
    unused: { words: USED, happen: used(`${HOLD}.customer`) },
  },
  "hold.drop": {
    ...onAnother,
    nothingElse: {
      words: /also has corder, which is not in the plan/,
      happen: (scene) => sql(scene, `rename table ${DB}.corder to ${HOLD}.corder`),
    },
    unused: { words: USED, happen: used(`${HOLD}.customer`) },
  },
  "tablet.refresh": onAnother,
  "tablet.stop": {
    process: onAnother.tablet,
    noRecord: {
      words: /exists, so zone1-0000000200 .* is no orphan any more/,
      happen: ({ cluster, tablet }) => cluster.topology.tablet(tablet.alias).put(tablet.record()),
    },
    noStream: {
      words: /has streams of c9, which somebody created since the plan was made/,
      happen: ({ cluster }) => {
        const { sidecar } = cluster.tablet(IDLE).mysql.data;
        sidecar.vreplication = [{ id: "9", workflow: "c9", db_name: DB }];
      },
    },
  },
  "srvvschema.rebuild": {
    rootKnown: { words: /does not say where the topology of cell zone9 is/, happen: () => {} },
  },
  "shard.await-primary": {
    noOther: {
      words: /names zone1-0000000201 as its primary, not zone1-0000000200/,
      happen: (scene) => {
        const record = shardAt(scene).get();
        const primaryAlias = create(TabletAliasSchema, { cell: "zone1", uid: 201 });
        if (record !== null) shardAt(scene).put({ ...record, primaryAlias });
      },
    },
  },
  "shard.elect": {
    readable: { words: /is gone or can not be read/, happen: (scene) => shardAt(scene).delete() },
  },
};

const sceneNow = (): Scene => {
  const cluster = reshardingLab({ rows: 20 });
  const tablet = cluster.tablet("zone1-0000000200");
  tablet.engine.exec("update _vt.vreplication set state='Stopped' where workflow='c2'");
  return { cluster, tablet };
};

const madeOf = <K extends StepKind>(kind: K, scene: Scene): StepOf<K> => {
  const make: ((scene: Scene) => Bare<K>) | undefined = STEPS[kind];
  if (make === undefined) throw new Error(`no step of kind ${kind}`);
  return step(kind, make(scene));
};

const ALL = (Object.keys(CASES) as StepKind[]).flatMap((kind) =>
  Object.entries(CASES[kind] as Readonly<Record<string, Case>>).map(
    ([guard, broken]) => [kind, guard, broken] as const,
  ),
);

describe("a step is refused, and does nothing, where its guard does not hold", () => {
  it.each(ALL)("%s: %s", async (kind, guard, { words, happen }) => {
    expect(Object.keys(KINDS[kind].guards)).toContain(guard);
    const scene = sceneNow();
    const plan = planFor(scene.cluster, { steps: [madeOf(kind, scene)] });
    happen(scene);
    const done = scene.cluster.effects.log.length;
    const ran = await run(scene.cluster, plan);
    expect(ran).toMatchObject({ exit: "refused", said: expect.stringMatching(words) });
    // An empty schema is no harm: the tables would come into it.
    const effects = scene.cluster.effects.log.slice(done).map(({ detail }) => detail);
    expect(effects.filter((effect) => !/create database if not exists/.test(effect))).toEqual([]);
  });
});

/** Where nothing happens after the plan, the same steps are done: what refuses above is the guard. */
const UNDISTURBED = [...new Set(ALL.map(([kind]) => kind))].filter(
  (kind) => !/^(srvvschema|shard)\./.test(kind),
);

it.each(UNDISTURBED)("%s is done where all of its guards hold", async (kind) => {
  const scene = sceneNow();
  const plan = planFor(scene.cluster, { steps: [madeOf(kind, scene)] });
  expect(await run(scene.cluster, plan)).toMatchObject({ exit: "ok" });
});
