import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type GuardOf, KINDS, type StepKind } from "../../src/plan/steps/index.js";
import { TabletAliasSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { planFor, run } from "./hand-plan.js";
import {
  addStream,
  DB,
  HOLD,
  IDLE,
  JOURNAL,
  madeOf,
  type Scene,
  sceneNow,
  setStreams,
  shardAt,
  sql,
} from "./step-scenes.js";

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
            { id: "1", workflow: "c2", db_name: DB, source: "", state: "Stopped", message: "" },
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
