import { join } from "node:path";
import { expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { interrupt } from "../../src/sim/native/operation.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { VitessVersion } from "../../src/sim/stream-row.js";
import { deleteShards } from "./native/delete-shards.js";
import { legacyCancel } from "./native/legacy-cancel.js";
import { moveTablesCreate } from "./native/move-tables.js";
import { moveTablesCancel } from "./native/move-tables-cancel.js";
import { moveTablesComplete } from "./native/move-tables-complete.js";
import { moveTablesSwitch } from "./native/move-tables-switch.js";
import { reshardComplete } from "./native/reshard-complete.js";
import { switchAll, switchReads, switchWrites } from "./native/switch-traffic.js";
import { loadRecording } from "./recording.js";
import { deletionsOf, shapeOf } from "./shape.js";

const RECORDINGS = join(import.meta.dirname, "../../fixtures/recordings");
const c2 = { keyspace: "customer", workflow: "c2" } as const;

/** From the end of c2: a new keyspace, and MoveTables m1 of corder into it, Running. */
function movesCorder(cluster: SimCluster): void {
  cluster.run(switchAll(cluster, c2));
  cluster.run(reshardComplete(cluster, "customer", "c2"));
  cluster.run(createKeyspace(cluster, "moved"));
  const tablet = cluster.addTablet({ alias: { cell: "zone1", uid: 400 }, keyspace: "moved", shard: "0" });
  cluster.run(startTablet(cluster, tablet));
  cluster.run(plannedReparent(cluster, tablet));
  const m1 = { workflow: "m1", keyspace: "moved", sourceKeyspace: "customer", tables: ["corder"] };
  cluster.run(moveTablesCreate(cluster, { ...m1, cell: "zone1" }));
  cluster.clock.advance(40_000);
}

/** What a finished VDiff leaves in the streams that it compared. */
function vdiff(cluster: SimCluster): void {
  cluster
    .tablet("zone1-0000000400")
    .engine.exec("update _vt.vreplication set stop_pos='' where workflow='m1'");
  cluster.clock.advance(1_000);
}

/** What was done to the real cluster after `Reshard create`, and what the same does to the simulated one. */
const OPERATIONS: readonly {
  readonly recording: string;
  readonly version: VitessVersion;
  readonly hasHistory?: true;
  do(cluster: SimCluster): void;
}[] = [
  { recording: "healthy-reshard-running-v19", version: "19.0.10", do: () => {} },
  { recording: "healthy-reshard-running-v24", version: "24.0.4", do: () => {} },
  {
    recording: "v19-cancelled",
    version: "19.0.10",
    hasHistory: true,
    do: (cluster) => cluster.run(reshardCancel(cluster, { ...c2, version: 19 })),
  },
  {
    recording: "legacy-cancelled-with-history-v24",
    version: "24.0.4",
    hasHistory: true,
    do: (cluster) => cluster.run(legacyCancel(cluster, "customer", "c2")),
  },
  {
    recording: "deleted-by-person-v24",
    version: "24.0.4",
    hasHistory: true,
    do: (cluster) => cluster.run(deleteShards(cluster, "customer", ["-80", "80-"])),
  },
  {
    recording: "healthy-reads-switched-v24",
    version: "24.0.4",
    do: (cluster) => cluster.run(switchReads(cluster, c2)),
  },
  {
    recording: "cancel-after-read-switch-v24",
    version: "24.0.4",
    do(cluster) {
      cluster.run(switchReads(cluster, c2));
      cluster.run(reshardCancel(cluster, { ...c2, version: 24 }));
    },
  },
  {
    recording: "healthy-after-switch-all-v24",
    version: "24.0.4",
    do(cluster) {
      cluster.run(switchAll(cluster, c2));
      cluster.clock.advance(1_000);
    },
  },
  {
    recording: "completed-with-history-v24",
    version: "24.0.4",
    hasHistory: true,
    do(cluster) {
      cluster.run(switchAll(cluster, c2));
      cluster.run(reshardComplete(cluster, "customer", "c2"));
    },
  },
  {
    recording: "healthy-movetables-created-v24",
    version: "24.0.4",
    do: movesCorder,
  },
  {
    recording: "healthy-movetables-switched-v24",
    version: "24.0.4",
    do(cluster) {
      movesCorder(cluster);
      vdiff(cluster);
      cluster.run(moveTablesSwitch(cluster, "moved", "m1"));
      cluster.clock.advance(1_000);
    },
  },
  {
    recording: "movetables-completed-v24",
    version: "24.0.4",
    do(cluster) {
      movesCorder(cluster);
      cluster.run(moveTablesSwitch(cluster, "moved", "m1"));
      cluster.run(moveTablesComplete(cluster, "moved", "m1"));
    },
  },
  {
    recording: "keep-data-denied-v24",
    version: "24.0.4",
    do(cluster) {
      movesCorder(cluster);
      cluster.run(moveTablesSwitch(cluster, "moved", "m1"));
      cluster.run(moveTablesComplete(cluster, "moved", "m1"));
      const toMoved = { keyspace: "moved", sourceKeyspace: "customer", tables: ["customer"], cell: "zone1" };
      // One try without routing rules, cancelled with its data, came before the recorded one (docs/vitess.md#movetables-records).
      cluster.run(moveTablesCreate(cluster, { ...toMoved, workflow: "m2", noRoutingRules: true }));
      cluster.run(moveTablesCancel(cluster, { keyspace: "moved", workflow: "m2" }));
      cluster.run(moveTablesCreate(cluster, { ...toMoved, workflow: "m3" }));
      cluster.clock.advance(1_000);
      const keep = { keepData: true, keepRoutingRules: true };
      cluster.run(moveTablesCancel(cluster, { keyspace: "moved", workflow: "m3", ...keep }));
    },
  },
];

test.each(OPERATIONS)(
  "the same as the real Vitess: $recording",
  async ({ recording, version, hasHistory, ...operation }) => {
    const cluster = reshardingLab({ version, rows: 50 });
    operation.do(cluster);
    const real = loadRecording(join(RECORDINGS, recording));
    expect(await shapeOf(cluster)).toEqual(await shapeOf(real));
    if (hasHistory) expect(deletionsOf(cluster)).toEqual(deletionsOf(real));
  },
);

/** Where the vtctld of a recorded cutover was killed, by the last effect that it had, and how long before the recording. */
const KILLED = [
  { recording: "interrupted-switch-preflight-v24", after: "lock WorkflowSwitchTraffic", secondsAgo: 0 },
  {
    recording: "interrupted-cutover-catchup-v24",
    after: "streams of customer/-80 caught up and stopped",
    secondsAgo: 121,
  },
  {
    recording: "interrupted-cutover-before-journal-v24",
    after: "create reverse streams on customer/0",
    secondsAgo: 0,
  },
  {
    recording: "interrupted-cutover-after-journal-v24",
    after: "enable PRIMARY of -80,80- in zone1",
    secondsAgo: 0,
  },
  {
    recording: "interrupted-cutover-no-side-serving-v24",
    after: "customer/0 is_primary_serving=false",
    secondsAgo: 121,
  },
  { recording: "switched-stale-locks-v24", after: "freeze streams of customer/80-", secondsAgo: 1 },
];

test.each(KILLED)("killed like the real vtctld: $recording", async ({ recording, after, secondsAgo }) => {
  const limit = effectsUntil(after);
  const cluster = reshardingLab({ version: "24.0.4", rows: 50 });
  cluster.run(switchReads(cluster, c2));
  expect(interrupt(switchWrites(cluster, c2), limit).effects.at(-1)).toBe(after);
  cluster.clock.advance(secondsAgo * 1_000);
  expect(await shapeOf(cluster)).toEqual(await shapeOf(loadRecording(join(RECORDINGS, recording))));
});

/** How many effects of the cutover it takes. */
const effectsUntil = (effect: string): number => {
  const cluster = reshardingLab({ version: "24.0.4", rows: 1 });
  cluster.run(switchReads(cluster, c2));
  return interrupt(switchWrites(cluster, c2), Number.POSITIVE_INFINITY).effects.indexOf(effect) + 1;
};
