import type { Clock } from "../../src/cluster/clock.js";
import { collect } from "../../src/collect/collect.js";
import type { CancelRequest, FixRequest } from "../../src/plan/draft.js";
import type { Plan } from "../../src/plan/plan.js";
import { planCancel, planFix } from "../../src/plan/planning.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { judge } from "../../src/rules/judge.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { NO_INVENTORY } from "../../src/witnesses/inventory.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";

/** A cluster that needs a repair. Built anew each time, it is the same to the byte: one plan fits all. */
export interface Scene {
  readonly name: string;
  build(): SimCluster;
  readonly request: Partial<CancelRequest>;
  /** Rules whose findings `fix` is asked to repair; without it `cancel` is asked. */
  readonly fixes?: readonly string[];
  /** What `fix` is asked with besides. */
  readonly fixing?: Partial<FixRequest>;
  /** Names of the image whose value tells when the run came to them. */
  readonly timed?: RegExp;
}

/** A scene of which the repair must leave something, or nothing, while the rest goes on. */
export interface Residue extends Scene {
  /** What is left of it, in words. */
  left(cluster: SimCluster): readonly string[];
}

/** The seed: what v19's own cancel leaves. */
export const orphaned: Scene = {
  name: "shards that a v19 cancel dropped",
  build() {
    const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
    cluster.clock.advance(120_000);
    cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
};

export const running: Scene = {
  name: "a running Reshard, whose copied tables are held",
  build: () => reshardingLab({ version: "24.0.4", rows: 20 }),
  request: { keepData: false },
};

export const purged: Scene = {
  name: "a running Reshard, whose copied tables are dropped",
  build: () => reshardingLab({ version: "24.0.4", rows: 20 }),
  request: { keepData: false, purge: true },
};

export const copying: Scene = {
  name: "a copying Reshard, whose tables are kept and get their keys back",
  build: () => reshardingLab({ version: "24.0.4", rows: 200, copyRowsPerSecond: 1e-6 }),
  request: { keepData: true, restoreSecondaryKeys: true },
};

/** Rules, denied tables and a VSchema entry to take back. */
export const moving: Scene = {
  name: "a running MoveTables",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    cluster.run(createKeyspace(cluster, "moved"));
    const options = { alias: { cell: "zone1", uid: 400 }, keyspace: "moved", shard: "0" };
    const tablet = cluster.addTablet(options);
    cluster.run(startTablet(cluster, tablet));
    cluster.run(plannedReparent(cluster, tablet));
    cluster.run(
      moveTablesCreate(cluster, {
        keyspace: "moved",
        workflow: "c2",
        sourceKeyspace: "customer",
        tables: ["customer"],
        cell: "zone1",
      }),
    );
    cluster.clock.advance(5_000);
    return cluster;
  },
  request: { keyspace: "moved" },
};

/** What a scan that asks for every table sees. */
export const snapshotOf = async (cluster: SimCluster): Promise<Snapshot> =>
  Snapshot.of(await factsSeen(cluster));

/** `clock`: of who looks. */
export function factsSeen(cluster: SimCluster, clock: Clock = cluster.clock): Promise<Facts> {
  const { etcd, root } = cluster.topology.global;
  return collect(
    { connect: (server) => cluster.connect(server), tablets: cluster.reader, clock },
    {
      version: "test",
      globalServer: etcd.server,
      globalRoot: root,
      inventory: NO_INVENTORY,
      earlier: [],
      keyspaces: [],
      cells: [],
      timeoutMs: 5_000,
      concurrency: 16,
      historyBudget: 1_000,
      mysql: false,
      askTables: true,
      settleMs: null,
    },
  );
}

/** What the shipped rules say of a snapshot. */
export const judgedAt = (now: number) => (snapshot: Snapshot) =>
  judge(snapshot, loadRules([SHIPPED_RULES]), { now, earlier: null, suppressions: [] });

export async function planOf(scene: Scene): Promise<Plan> {
  const cluster = scene.build();
  const snapshot = await snapshotOf(cluster);
  if (scene.fixes !== undefined) return fixOf(snapshot, scene.fixes, scene.fixing ?? {}, cluster.clock.now());
  const request: CancelRequest = {
    command: "vtdoctor cancel customer.c2",
    restoredTopologyConfirmed: false,
    keyspace: "customer",
    workflow: "c2",
    keepData: null,
    missingOk: false,
    keepRoutingRules: false,
    purge: false,
    restoreSecondaryKeys: false,
    retire: null,
    vtctld: null,
    ...scene.request,
  };
  try {
    return planCancel(snapshot, request, {
      now: cluster.clock.now(),
      ids: () => "r1",
      judge: judgedAt(cluster.clock.now()),
    });
  } finally {
    snapshot.close();
  }
}

function fixOf(snapshot: Snapshot, rules: readonly string[], asked: Partial<FixRequest>, now: number): Plan {
  const earlier = Snapshot.of(minuteBefore(snapshot.facts()));
  const findings = judge(snapshot, loadRules([SHIPPED_RULES]), { now, earlier, suppressions: [] });
  earlier.close();
  const request: FixRequest = {
    command: "vtdoctor fix",
    restoredTopologyConfirmed: false,
    findings: findings.filter(({ rule }) => rules.includes(rule)).map(({ id }) => id),
    keyspaces: null,
    orphans: null,
    stopping: null,
    vtctld: null,
    ...asked,
  };
  try {
    return planFix(snapshot, findings, request, { now, ids: () => "r1", judge: judgedAt(now) });
  } finally {
    snapshot.close();
  }
}

/** The same was seen a minute earlier, so that nothing is a passing moment. */
const minuteBefore = (facts: Facts): Facts => ({
  ...facts,
  meta: facts.meta.map((row) =>
    row.name === "taken_at_ms" ? { ...row, value: String(Number(row.value) - 60_000) } : row,
  ),
});
