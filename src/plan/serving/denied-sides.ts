import type { Snapshot } from "../../snapshot/snapshot.js";
import { gone, type Obstacle } from "../draft.js";
import { type ShardRecord, shardRecords } from "../facts/topology.js";
import { journalsOfWorkflow, type WorkflowJournals } from "./journal-rows.js";

/** The side of a MoveTables that is to take queries of its tables again. */
export interface OpenedSide extends WorkflowJournals {
  readonly side: "source" | "target";
  readonly keyspaces: readonly string[];
  /** Of that side, those that deny them. */
  readonly shards: readonly ShardRecord[];
  /** That both sides deny. */
  readonly tables: readonly string[];
  /** The phase of the way back, '' where there is none. */
  readonly back: string;
}

/** Of a workflow both of whose sides deny its tables. */
export const openedSide = (
  snapshot: Snapshot,
  object: Readonly<Record<string, string>>,
): OpenedSide | Obstacle => {
  const { keyspace = "", workflow = "" } = object;
  const known = journalsOfWorkflow(snapshot, keyspace, workflow);
  const [traffic] = snapshot.rows("workflow_traffic", { keyspace, workflow });
  const denied = snapshot.all<{ side: string; keyspace: string; shard: string; name: string }>(
    `SELECT s.side, d.keyspace, d.shard, d.table_name AS name FROM moved_table m JOIN workflow_shard s USING (keyspace, workflow)
     JOIN denied_table d ON d.keyspace = s.shard_keyspace AND d.shard = s.shard AND d.table_name = m.table_name
     WHERE m.keyspace = ? AND m.workflow = ? AND d.tablet_type = 'PRIMARY' ORDER BY name`,
    ...[keyspace, workflow],
  );
  const of = (side: string) => new Set(denied.flatMap((one) => (one.side === side ? [one.name] : [])));
  const tables = [...of("source")].filter((name) => of("target").has(name));
  if (known === null || traffic === undefined || tables.length === 0)
    return gone(`one side of ${keyspace}.${workflow} takes queries of its tables by now`);
  if (!["tables", "unrouted"].includes(traffic.shape))
    return {
      reason: `${keyspace}.${workflow} is ${traffic.shape}: where its traffic is, its denials and rules do not tell`,
      instead: "make sure which side has the newest rows, and take the denials off that one",
    };
  const side = traffic.writes === "target" ? "target" : "source";
  const { sourceKeyspace } = known.workflow;
  const shards = shardRecords(snapshot, side === "target" ? keyspace : sourceKeyspace).filter(
    ({ shard, keyspace: of }) =>
      denied.some((one) => one.side === side && one.keyspace === of && one.shard === shard),
  );
  const back = snapshot.rows("workflow", { keyspace: sourceKeyspace, workflow: `${workflow}_reverse` });
  return {
    ...known,
    side,
    shards,
    tables,
    keyspaces: [sourceKeyspace, keyspace],
    back: back[0]?.phase ?? "",
  };
};
