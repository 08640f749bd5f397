import { createHash } from "node:crypto";
import { RefusedError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { classifyKey } from "../../topology/paths.js";
import type { ClusterMark, Plan, PlanCluster } from "../plan.js";

/** Which cluster a snapshot is of: a plan runs on no other (docs/decisions.md#d13). */
export const planCluster = (snapshot: Snapshot): PlanCluster => {
  const meta = new Map(snapshot.rows("meta").map(({ name, value }) => [name, value]));
  const servers = snapshot.all<{ server: string; cluster_id: string }>(
    `SELECT server, cluster_id FROM topo_server
     WHERE cluster_id IS NOT NULL AND server IN (SELECT server FROM topo_root) ORDER BY server`,
  );
  return {
    globalServer: meta.get("global_server") ?? "",
    globalRoot: meta.get("global_root") ?? "",
    clusterIds: Object.fromEntries(servers.map((row) => [row.server, row.cluster_id])),
    marks: servers.flatMap(({ server }) => marksOn(snapshot, server)),
    roots: snapshot.rows("topo_root"),
  };
};

/**
 * Throws `RefusedError` where the plan was made for other roots, other servers, or other etcd clusters at the same addresses. A server
 * that does not answer now is proven before the first step.
 */
export const refuseForeign = (plan: Plan, cluster: PlanCluster): void => {
  const made = plan.cluster;
  if (made.globalRoot !== cluster.globalRoot)
    throw new RefusedError(
      `plan ${plan.id} was made for the global root ${made.globalRoot}, not for ${cluster.globalRoot}: make a new one here`,
    );
  for (const { name, server, root } of made.roots) {
    if (!cluster.roots.some((one) => one.name === name && one.server === server && one.root === root))
      throw new RefusedError(
        `plan ${plan.id} was made where ${name === "global" ? "the global topology" : `cell ${name}`} is at ${server}${root}, and here it is not: make a new one here`,
      );
  }
  for (const [server, expected] of Object.entries(made.clusterIds)) {
    const found = cluster.clusterIds[server] ?? expected;
    if (found !== expected)
      throw new RefusedError(
        `plan ${plan.id} was made for etcd cluster ${expected}, and ${server} is ${found}: make a new one here`,
      );
    const other = otherCluster(
      plan,
      server,
      cluster.marks.filter((mark) => mark.server === server),
    );
    if (cluster.clusterIds[server] !== undefined && other !== null) throw new RefusedError(other);
  }
};

/**
 * How the etcd at an address differs from the one that the plan was made for, though both have one cluster id; null where nothing says so.
 * `found`: its marks of today.
 */
export function otherCluster(
  { id, cluster: { marks, clusterIds, roots } }: Plan,
  server: string,
  found: readonly ClusterMark[],
): string | null {
  const made = marks.filter((mark) => mark.server === server);
  const key = contradiction(made, found);
  if (key === null) return null;
  const known = pairsOf(made, found);
  const differing = known.filter(({ mark, there }) => !agrees(mark, there));
  const isReborn = differing.every(({ mark, there }) => there.createRevision > mark.modRevision);
  // The same birth of another record tells that this etcd has the plan's past.
  if (differing.length === 0 || differing.length === known.length || !isReborn)
    return `plan ${id} was made for another cluster than the one at ${server}, by ${key}, though both are etcd cluster ${clusterIds[server]}: make a new one here`;
  const names = differing.map(
    ({ mark, there }) =>
      `${nameOf(roots, mark)} (created at etcd revision ${mark.createRevision} then, and at ${there.createRevision} now)`,
  );
  return `since plan ${id} was made, somebody deleted ${names.join(", ")} and made it anew, or ${server} is a copy of that cluster in which somebody did: what the plan knew of it is not there any more; vtdoctor scan says what is`;
}

const nameOf = (roots: PlanCluster["roots"], { server, key }: ClusterMark): string => {
  for (const { root } of roots.filter((one) => one.server === server)) {
    const is = classifyKey(root, key);
    if (is.kind === "shard") return `shard ${is.keyspace}/${is.shard}`;
    if (is.kind === "keyspace") return `keyspace ${is.keyspace}`;
    if (is.kind === "cell-info") return `cell ${is.cell}`;
  }
  return key;
};

/**
 * Of each kind the records that were created last: clusters that one script set up are alike in the first, and Shard and Tablet records
 * hold times to the nanosecond. Tablet records, which a restart may create anew, only where a cell's own etcd has nothing else.
 */
const marksOn = (snapshot: Snapshot, server: string): readonly ClusterMark[] => {
  const lasting = ["cell", "keyspace", "shard"].flatMap((table) => newest(snapshot, server, table));
  return (lasting.length > 0 ? lasting : newest(snapshot, server, "tablet")).map((entry) =>
    markOf(server, entry),
  );
};

const newest = (snapshot: Snapshot, server: string, table: string): readonly MarkedEntry[] =>
  snapshot.all<MarkedEntry>(
    `SELECT key, value, create_revision AS createRevision, mod_revision AS modRevision
     FROM topo_key WHERE server = ? AND key IN (SELECT key FROM ${table})
     ORDER BY create_revision DESC, key LIMIT 4`,
    server,
  );

export interface MarkedEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
}

export const markOf = (
  server: string,
  { key, value, createRevision, modRevision }: MarkedEntry,
): ClusterMark => ({
  server,
  key,
  createRevision,
  modRevision,
  sha256: createHash("sha256").update(value).digest("hex"),
});

/** Whether `found` can be what became of `mark`: the same key of the same birth, unchanged, or written since. */
const agrees = (mark: ClusterMark, found: ClusterMark): boolean =>
  mark.createRevision === found.createRevision &&
  (mark.modRevision === found.modRevision
    ? mark.sha256 === found.sha256
    : mark.modRevision < found.modRevision);

/** Null where the servers agree, else the first key that tells them apart. What is gone proves nothing, unless all of it is. */
export function contradiction(marks: readonly ClusterMark[], found: readonly ClusterMark[]): string | null {
  const known = pairsOf(marks, found);
  const other = known.find(({ mark, there }) => !agrees(mark, there));
  if (other !== undefined) return other.mark.key;
  return known.length === 0 ? (marks[0]?.key ?? null) : null;
}

/** The marks whose keys are there. */
const pairsOf = (marks: readonly ClusterMark[], found: readonly ClusterMark[]) => {
  const byKey = new Map(found.map((one) => [one.key, one]));
  return marks.flatMap((mark) => {
    const there = byKey.get(mark.key);
    return there === undefined ? [] : [{ mark, there }];
  });
};
