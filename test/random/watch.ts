import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { SimEffect } from "../../src/sim/effects.js";
import { derive } from "../../src/snapshot/derive/index.js";
import { factsSeen } from "../crash/scene.js";

/** What a client of one cell gets by one name for one tablet type. */
interface Path {
  readonly served: boolean;
  /** It was not looked at, as a scan would not: only its rows tell. */
  readonly unknown: boolean;
  /** Why not, in the words of `query_path`. */
  readonly verdict: string;
  /** Keys of the rows that it reaches. */
  readonly rows: ReadonlySet<string>;
}

/** `cell type name` -> its path. */
export type Paths = ReadonlyMap<string, Path>;

/** What real vtgates would do now, by the real collector and by nothing of the plan's. */
export async function pathsOf(cluster: SimCluster): Promise<Paths> {
  // No time passes while it looks: nothing else happens.
  const still = {
    now: () => cluster.clock.now(),
    steady: () => cluster.clock.steady(),
    sleep: async () => true,
    after: () => () => {},
  };
  const { query_path, srv_partition } = derive(await factsSeen(cluster, still));
  const shards = new Map<string, readonly string[]>();
  for (const { cell, keyspace, tablet_type, shard } of srv_partition) {
    const place = `${cell} ${tablet_type} ${keyspace}`;
    shards.set(place, [...(shards.get(place) ?? []), shard]);
  }
  return new Map(
    query_path.flatMap(({ cell, tablet_type: type, keyspace, names_json, verdict, reason, detail }) =>
      Object.entries(JSON.parse(names_json) as Readonly<Record<string, string>>).map(
        ([name, table]): [string, Path] => [
          `${cell} ${type} ${name}`,
          {
            served: verdict === "served",
            unknown: verdict === "unknown",
            verdict: verdict === "served" ? verdict : `${verdict}: ${reason} ${detail}`,
            rows:
              verdict === "served" || verdict === "unknown"
                ? rowsAt(cluster, keyspace, shards.get(`${cell} ${type} ${keyspace}`) ?? [], type, table)
                : new Set(),
          },
        ],
      ),
    ),
  );
}

function rowsAt(
  cluster: SimCluster,
  keyspace: string,
  shards: readonly string[],
  type: string,
  table: string,
): ReadonlySet<string> {
  const serving = cluster.tablets.filter(
    (tablet) =>
      tablet.serving &&
      tablet.keyspace === keyspace &&
      shards.includes(tablet.shard) &&
      TabletType[tablet.type] === type,
  );
  return new Set(
    serving.flatMap(({ mysql, dbName }) => [...(mysql.table(dbName, table)?.rows.keys() ?? [])]),
  );
}

/** Paths that were served and are not, or that have lost rows; `mayGo`: the names that are taken away on purpose. */
export const harms = (before: Paths, after: Paths, mayGo: ReadonlySet<string>): readonly string[] =>
  [...before].flatMap(([path, was]) => {
    const name = path.split(" ")[2] ?? "";
    if (!was.served || mayGo.has(name)) return [];
    const is = after.get(path);
    if (is === undefined) return [`${path}: served before, and no such name now`];
    if (!is.served && !(is.unknown && was.rows.size > 0))
      return [`${path}: served before, ${is.verdict} now`];
    const lost = [...was.rows].filter((key) => !is.rows.has(key));
    return lost.length > 0 ? [`${path}: served, but without the rows ${lost.join(", ")} now`] : [];
  });

interface Watched {
  /** Called with the write that was just done, before the next one can begin. */
  readonly seen: (write: string) => Promise<void>;
}

/** It takes a lock, or gives one back. */
export const onlyLocks = ({ call, detail }: Pick<SimEffect, "call" | "detail">): boolean =>
  ["grant", "revoke", "release"].includes(call) ||
  (call === "txn" && detail.split(", ").every((key) => key.includes("/locks/")));

/**
 * Has `seen` called after each write that comes in through the cluster's ports, one write at a time. What only takes or gives back a lock is
 * none.
 */
export function watchWrites(cluster: SimCluster, { seen }: Watched): () => void {
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(write: () => Promise<T>): Promise<T> => {
    const mine = turn.then(async () => {
      const already = cluster.effects.log.length;
      try {
        return await write();
      } finally {
        const done = cluster.effects.log.slice(already);
        for (const { call, at, detail } of done)
          if (!onlyLocks({ call, detail })) await seen(`${call} at ${at}: ${detail}`);
      }
    });
    turn = mine.catch(() => {});
    return mine;
  };
  const { writer, hooks, vtctld } = cluster;
  const restores: (() => void)[] = [];
  const wrap = <T extends object, M extends keyof T & string>(target: T, method: M): void => {
    const original = target[method] as (...given: unknown[]) => Promise<unknown>;
    restores.push(() => {
      target[method] = original as T[M];
    });
    target[method] = ((...given: unknown[]) =>
      inTurn(() => original.apply(target, given))) as unknown as T[M];
  };
  for (const call of ["vreplicationExec", "deleteWorkflow", "refreshState", "deleteVDiffs"] as const)
    wrap(writer, call);
  for (const call of ["executeAsDba", "executeMultiAsDba", "changeTags", "changeType"] as const)
    wrap(writer, call);
  const command = hooks.run.bind(hooks);
  const reparent = vtctld.plannedReparent.bind(vtctld);
  hooks.run = (words) =>
    inTurn(async () => {
      const reply = await command(words);
      await seen(words.join(" "));
      return reply;
    });
  vtctld.plannedReparent = (keyspace, shard, primary) =>
    inTurn(async () => {
      const reply = await reparent(keyspace, shard, primary);
      await seen(`PlannedReparentShard ${keyspace}/${shard}`);
      return reply;
    });
  const connect = cluster.connect.bind(cluster);
  cluster.connect = (server) => {
    const store = connect(server);
    const txn = store.txn.bind(store);
    store.txn = (request) => inTurn(() => txn(request));
    return store;
  };
  return () => {
    for (const restore of restores) restore();
    hooks.run = command;
    vtctld.plannedReparent = reparent;
    cluster.connect = connect;
  };
}
