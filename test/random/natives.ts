import type { SimCluster } from "../../src/sim/cluster.js";
import { done, interrupt, type Native } from "../../src/sim/native/operation.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { copySchema, reshardCreate } from "../../src/sim/native/reshard-create.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { insertStream } from "../../src/sim/native/workflow.js";
import { MATERIALIZE } from "../../src/sim/stream-row.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { legacyCancel } from "../sim/native/legacy-cancel.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { moveTablesComplete } from "../sim/native/move-tables-complete.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";
import { reshardComplete } from "../sim/native/reshard-complete.js";
import { switchAll, switchReads, switchWrites } from "../sim/native/switch-traffic.js";
import type { Shape } from "./world.js";

/** What Vitess and those who run it do to such a cluster beside vtdoctor. `pick` says which one where there are several. */
type Command = (cluster: SimCluster, shape: Shape, pick: number) => Native;

const C2 = { keyspace: "customer", workflow: "c2" } as const;

const reshard =
  (workflow: string): Command =>
  (cluster, { merges }) => {
    const split = ["-80", "80-"];
    const [sources, targets] = merges ? [split, ["0"]] : [["0"], split];
    return reshardCreate(cluster, { keyspace: "customer", workflow, sources, targets });
  };

const move =
  (workflow: string): Command =>
  (cluster, _, pick) =>
    moveTablesCreate(cluster, {
      keyspace: "moved",
      workflow,
      sourceKeyspace: "product",
      tables: pick % 2 === 0 ? ["item"] : ["item", "stock"],
      cell: "zone1",
      noRoutingRules: pick % 5 === 4,
    });

function* materialize(cluster: SimCluster): Native {
  const target = cluster.primary("report", "0");
  for (const shard of cluster.topology.shards("product")) {
    const source = cluster.primary("product", shard);
    copySchema(source, target, ["stock"]);
    target.engine.exec(
      insertStream(target, {
        workflow: "mat",
        dbName: target.dbName,
        source: `keyspace:"product" shard:"${shard}" filter:{rules:{match:"stock" filter:"select * from stock"}}`,
        workflowType: MATERIALIZE,
        state: "Running",
      }),
    );
    yield `insert stream mat from product/${shard}`;
  }
  return done;
}

function* tableMadeAnew(cluster: SimCluster, place: number): Native {
  const [from, into] = ANEW[place % ANEW.length] ?? ["customer", "customer"];
  const sources = cluster.tablets.filter(({ keyspace, running }) => keyspace === from && running);
  const source = sources.find((tablet) => (tablet.mysql.data.databases.get(tablet.dbName)?.size ?? 0) > 0);
  for (const shard of cluster.topology.shards(into)) {
    if (source === undefined) continue;
    copySchema(source, cluster.primary(into, shard));
    yield `create tables in ${into}/${shard}`;
  }
  return done;
}

const ANEW = [
  ["customer", "customer"],
  ["product", "moved"],
  ["product", "report"],
] as const;

function* elect(cluster: SimCluster, pick: number): Native {
  const members = cluster.tablets.filter(({ running, alias }) => running && alias.cell === "zone1");
  const next = members[pick % Math.max(1, members.length)];
  return next === undefined ? done : yield* plannedReparent(cluster, next);
}

function* rebuild(cluster: SimCluster): Native {
  yield* rebuildSrvVSchema(cluster, cluster.version);
  return done;
}

function* die(cluster: SimCluster, pick: number, how: "stop" | "kill"): Native {
  const running = cluster.tablets.filter((tablet) => tablet.running);
  const tablet = running[pick % Math.max(1, running.length)];
  if (tablet === undefined) return done;
  tablet[how]();
  yield `${how} ${tablet.name}`;
  return done;
}

function* restart(cluster: SimCluster, pick: number): Native {
  const tablet = cluster.tablets[pick % cluster.tablets.length];
  if (tablet === undefined) return done;
  tablet.stop();
  yield `stop ${tablet.name}`;
  return yield* startTablet(cluster, tablet);
}

export const NATIVES = {
  "Reshard create c2": reshard("c2"),
  "Reshard create c3": reshard("c3"),
  "Reshard SwitchTraffic reads": (cluster) => switchReads(cluster, C2),
  "Reshard SwitchTraffic writes": (cluster) => switchWrites(cluster, C2),
  "Reshard SwitchTraffic": (cluster) => switchAll(cluster, C2),
  "Reshard cancel of v19": (cluster) => reshardCancel(cluster, { ...C2, version: 19 }),
  "Reshard cancel of v24": (cluster, _, pick) =>
    reshardCancel(cluster, { ...C2, version: 24, keepData: pick % 3 === 0 }),
  "legacy Reshard cancel": (cluster) => legacyCancel(cluster, "customer", "c2"),
  "Reshard complete": (cluster) => reshardComplete(cluster, "customer", "c2"),
  "MoveTables create m1": move("m1"),
  "MoveTables create m2": move("m2"),
  "MoveTables SwitchTraffic m1": (cluster) => moveTablesSwitch(cluster, "moved", "m1"),
  "MoveTables SwitchTraffic m2": (cluster) => moveTablesSwitch(cluster, "moved", "m2"),
  "MoveTables cancel": (cluster, _, pick) =>
    moveTablesCancel(cluster, {
      keyspace: "moved",
      workflow: "m1",
      keepData: pick % 2 === 0,
      keepRoutingRules: pick % 3 === 0,
    }),
  "MoveTables complete m1": (cluster) => moveTablesComplete(cluster, "moved", "m1"),
  "MoveTables complete m2": (cluster) => moveTablesComplete(cluster, "moved", "m2"),
  "Materialize create": materialize,
  DeleteShards: (cluster, { merges }, pick) => {
    const shards = merges ? ["0"] : ["-80", "80-"];
    const places = [...shards.map((shard) => ["customer", shard]), ["moved", "0"], ["report", "0"]];
    const [keyspace = "", shard = ""] = places[pick % places.length] ?? [];
    return deleteShards(cluster, keyspace, [shard]);
  },
  PlannedReparentShard: (cluster, _, pick) => elect(cluster, pick),
  "tables made anew": (cluster, _, pick) => tableMadeAnew(cluster, pick),
  RebuildVSchemaGraph: rebuild,
  "a vttablet is stopped": (cluster, _, pick) => die(cluster, pick, "stop"),
  "a vttablet is killed": (cluster, _, pick) => die(cluster, pick, "kill"),
  "a vttablet is restarted": (cluster, _, pick) => restart(cluster, pick),
} as const satisfies Readonly<Record<string, Command>>;

export type NativeName = keyof typeof NATIVES;

export interface NativeCall {
  readonly name: NativeName;
  readonly pick: number;
  /** Effects after which its vtctld is killed; null: it lives. */
  readonly cut: number | null;
}

/** True where it did something; false where Vitess refused it, or has nothing to do it to. */
export function callNative(cluster: SimCluster, shape: Shape, { name, pick, cut }: NativeCall): boolean {
  const command: Command = NATIVES[name];
  try {
    const { effects } = interrupt(command(cluster, shape, pick), cut ?? Number.POSITIVE_INFINITY);
    return effects.length > 0;
  } catch (error) {
    // The simulated Vitess throws where there is no primary to talk to.
    if (error instanceof Error && error.message.startsWith("the simulated cluster has no")) return false;
    throw error;
  }
}
