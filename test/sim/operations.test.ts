import { join } from "node:path";
import { expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import {
  createKeyspace,
  deleteShards,
  legacyCancel,
  moveTablesCreate,
  plannedReparent,
  reshardCancel,
  reshardComplete,
  startTablet,
  switchAll,
  switchReads,
} from "../../src/sim/native.js";
import { loadRecording } from "../../src/sim/recording.js";
import type { VitessVersion } from "../../src/sim/stream-row.js";
import { deletionsOf, shapeOf } from "./shape.js";

const RECORDINGS = join(import.meta.dirname, "../../fixtures/recordings");
const c2 = { keyspace: "customer", workflow: "c2" } as const;

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
    do(cluster) {
      cluster.run(switchAll(cluster, c2));
      cluster.run(reshardComplete(cluster, "customer", "c2"));
      cluster.run(createKeyspace(cluster, "moved"));
      const tablet = cluster.addTablet({ alias: { cell: "zone1", uid: 400 }, keyspace: "moved", shard: "0" });
      cluster.run(startTablet(cluster, tablet));
      cluster.run(plannedReparent(cluster, tablet));
      const m1 = { workflow: "m1", keyspace: "moved", sourceKeyspace: "customer", tables: ["corder"] };
      cluster.run(moveTablesCreate(cluster, { ...m1, cell: "zone1" }));
      cluster.clock.advance(40_000);
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
