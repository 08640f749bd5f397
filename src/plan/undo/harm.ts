import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import { toTables } from "../cancel/table-sets.js";
import { leftBy } from "../compose.js";
import type { DraftStep } from "../draft.js";
import { probed } from "../facts/processes.js";
import { type ShardRef, shardName, shardNames, shardRecords } from "../facts/topology.js";
import type { RecordChange } from "../records/change.js";
import type { Bytes } from "../records/record-type.js";
import { newRules } from "../records/routing-rules.js";
import { denies } from "../records/shard.js";

/**
 * What queries would meet if the record were put back now, or null: its bytes say nothing of what others did meanwhile to the tables and
 * shards that it names.
 */
export const harmOf = (
  snapshot: Snapshot,
  change: RecordChange,
  /** Steps of the undo that come before. */
  earlier: readonly DraftStep[],
): string | null => {
  const { record } = change;
  switch (record.kind) {
    case "keyspace":
      return change.after === null ? shardsStay(snapshot, record.keyspace, earlier) : null;
    case "routing-rules":
      return deadEnd(snapshot, change);
    case "shard":
      if (change.after === null) return inService(snapshot, record);
      return deniedInUse(snapshot, record.keyspace, denies(change));
    case "srv-keyspace":
      return shardGone(snapshot, record.keyspace, change.after);
    default:
      return null;
  }
};

const inService = (snapshot: Snapshot, { keyspace, shard }: ShardRef): string | null => {
  const isServed = snapshot
    .rows("srv_partition", { keyspace, shard })
    .some(
      ({ cell, tablet_type }) =>
        snapshot.rows("query_path", { cell, keyspace, tablet_type, verdict: "served" }).length > 0,
    );
  return isServed ? `${shardName({ keyspace, shard })} serves queries` : null;
};

/** A directory with shards and without a Keyspace record breaks every listing of keyspaces (docs/vitess.md#directories). */
const shardsStay = (snapshot: Snapshot, keyspace: string, earlier: readonly DraftStep[]): string | null => {
  const staying = shardRecords(snapshot, keyspace).filter((shard) => leftBy(earlier, shard) !== null);
  return staying.length === 0 ? null : `${shardNames(staying)} would be left without a keyspace`;
};

const UNREADABLE = "its image from before can not be read";

const deadEnd = (snapshot: Snapshot, change: RecordChange): string | null => {
  const rules = newRules(change);
  if (rules === null) return UNREADABLE;
  for (const target of new Set(rules.flatMap(({ toTables }) => toTables))) {
    const dot = target.indexOf(".");
    // `keyspace:shard.table` names one shard; a name without a keyspace is vtgate's to find.
    const [keyspace = ""] = target.slice(0, Math.max(dot, 0)).split(":");
    if (keyspace === "") continue;
    const tables = tablesOfPrimaries(snapshot, keyspace);
    if (tables === null)
      return `no primary of ${keyspace} says whether it has ${target}, where they would lead`;
    if (!tables.has(target.slice(dot + 1))) return `they would lead to ${target}, which does not exist`;
  }
  return null;
};

/** Null: no primary of the keyspace said. */
const tablesOfPrimaries = (snapshot: Snapshot, keyspace: string): ReadonlySet<string> | null => {
  const primaries = snapshot
    .rows("process", { keyspace, type: "PRIMARY", same_cluster: 1 })
    .filter(({ address }) => probed(snapshot, address, "schema"));
  if (primaries.length === 0) return null;
  return new Set(
    primaries
      .flatMap(({ address, db_name }) => snapshot.rows("live_table", { address, db_name }))
      .map(({ table_name }) => table_name),
  );
};

const deniedInUse = (snapshot: Snapshot, keyspace: string, tables: readonly string[]): string | null => {
  const names = tables.map((table) => `${keyspace}.${table}`);
  const rule = snapshot
    .rows("routing_rule", { scope: "global" })
    .find(({ to_tables_json }) => toTables(to_tables_json).some((table) => names.includes(table)));
  return rule === undefined
    ? null
    : `queries for ${rule.from_table} go there by a routing rule and would be refused`;
};

const shardGone = (snapshot: Snapshot, keyspace: string, value: Bytes): string | null => {
  if (value === null) return null;
  const record = decodeSrvKeyspace(Buffer.from(value, "base64"));
  if (record.kind === "unanswered") return UNREADABLE;
  const shards = snapshot.rows("shard", { keyspace }).map(({ shard }) => shard);
  const gone = record.value.partitions
    .flatMap((partition) => partition.shardReferences)
    .find(({ name }) => !shards.includes(name));
  return gone === undefined
    ? null
    : `queries would go to ${keyspace}/${gone.name}, which has no Shard record`;
};
