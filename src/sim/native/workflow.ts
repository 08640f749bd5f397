import { parseStreamSource } from "../../cluster/stream-source.js";
import type { SidecarRow } from "../../tablets/access.js";
import type { SimCluster } from "../cluster.js";
import { type NewStream, newStreamRow } from "../stream-row.js";
import type { SimTablet } from "../tablet.js";
import { type Native, refuse } from "./operation.js";

/** A workflow as vtctld sees it: through the shards that the topology has (docs/vitess.md#cancel-prologue). */
export interface Workflow {
  readonly keyspace: string;
  readonly name: string;
  readonly sourceKeyspace: string;
  readonly sources: readonly Participant[];
  readonly targets: readonly Target[];
}

export interface Participant {
  readonly shard: string;
  /** Its primary, whose address vtctld keeps for the whole command. */
  readonly tablet: SimTablet;
}

interface Target extends Participant {
  readonly rows: readonly SidecarRow[];
}

/** Reads only; refuses in Vitess's words where a shard, a primary or the streams can not be found. */
export function* loadWorkflow(cluster: SimCluster, keyspace: string, name: string): Native<Workflow> {
  const targets: Target[] = [];
  for (const shard of cluster.topology.shards(keyspace)) {
    const tablet = primaryOf(cluster, keyspace, shard);
    if (typeof tablet === "string") return refuse(tablet);
    const rows = tablet.mysql.data.sidecar.vreplication.filter((row) => row.workflow === name);
    if (rows.length > 0) targets.push({ shard, tablet, rows });
  }
  const origins = targets.flatMap(({ rows }) => rows).map((row) => parseStreamSource(row.source ?? ""));
  const places = origins.flatMap((origin) => (origin.kind === "answered" ? [origin.value] : []));
  const sourceKeyspace = places[0]?.keyspace;
  if (sourceKeyspace === undefined) return refuse(`no streams found in keyspace ${keyspace} for ${name}`);
  const sources: Participant[] = [];
  for (const shard of new Set(places.map((place) => place.shard))) {
    const tablet = primaryOf(cluster, sourceKeyspace, shard);
    if (typeof tablet === "string") return refuse(tablet);
    sources.push({ shard, tablet });
  }
  return { kind: "answered", value: { keyspace, name, sourceKeyspace, sources, targets } };
}

/** The tables that a MoveTables names. */
export const movedTables = ({ targets }: Workflow): readonly string[] => {
  const sources = targets.flatMap(({ rows }) => rows).map((row) => parseStreamSource(row.source ?? ""));
  const rules = sources.flatMap((source) => (source.kind === "answered" ? source.value.rules : []));
  return [...new Set(rules.map(({ match }) => match))];
};

/** The primary that the Shard record names, or why vtctld can not reach it. */
export const primaryOf = (cluster: SimCluster, keyspace: string, shard: string): SimTablet | string => {
  const at = cluster.topology.shard(keyspace, shard);
  const record = at.get();
  if (record === null) return `node doesn't exist: ${at.key}`;
  if (record.primaryAlias === undefined) return `shard ${keyspace}/${shard} doesn't have a primary set`;
  const tablet = cluster.topology.tablet(record.primaryAlias).get();
  if (tablet === null) return `node doesn't exist: ${cluster.topology.tablet(record.primaryAlias).key}`;
  return cluster.tabletAt(tablet) ?? `primary of ${keyspace}/${shard} can not be reached`;
};

/** The INSERT that vtctld sends for a stream, without its id. */
export const insertStream = (tablet: SimTablet, stream: NewStream): string => {
  const row = Object.entries(newStreamRow(tablet.version, stream, tablet.nowSeconds())).filter(
    ([column]) => column !== "id",
  );
  const values = row.map(([, value]) => (value === null ? "null" : quote(value)));
  return `insert into _vt.vreplication (${row.map(([column]) => column).join(", ")}) values (${values.join(", ")})`;
};

/** Changes all streams of a workflow on one tablet. */
export const updateStreams = (tablet: SimTablet, workflow: string, set: string): void => {
  tablet.engine.exec(
    `update _vt.vreplication set ${set} where db_name=${quote(tablet.dbName)} and workflow=${quote(workflow)}`,
  );
};

export const deleteStreams = (tablet: SimTablet, workflow: string): void => {
  tablet.engine.exec(
    `delete from _vt.vreplication where db_name=${quote(tablet.dbName)} and workflow=${quote(workflow)}`,
  );
};

const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
