import type {
  CopyStateRow,
  HeldTableRow,
  LiveTriggerRow,
  PostCopyActionRow,
  ReshardingJournalRow,
  VdiffRow,
  VreplicationRow,
} from "../snapshot/gen/tables.js";
import type { SidecarRow } from "../tablets/access.js";

const text = (value: string | null | undefined): string => value ?? "";
const textOrNull = (value: string | null | undefined): string | null => value ?? null;
const integer = (value: string | null | undefined): number => Math.trunc(Number(value ?? 0)) || 0;
const integerOrNull = (value: string | null | undefined): number | null =>
  value === null || value === undefined || value === "" ? null : integer(value);

/** A row of `_vt.vreplication`; columns that this version of the table lacks are null (docs/decisions.md#d12). */
export const vreplicationRow = (
  address: string,
  channel: "grpc" | "mysql",
  row: SidecarRow,
  observedAt: number,
): VreplicationRow => ({
  address,
  channel,
  id: integer(row.id),
  workflow: text(row.workflow),
  db_name: text(row.db_name),
  source: text(row.source),
  pos: textOrNull(row.pos),
  stop_pos: textOrNull(row.stop_pos),
  state: text(row.state),
  message: textOrNull(row.message),
  cell: textOrNull(row.cell),
  tablet_types: textOrNull(row.tablet_types),
  time_updated: integerOrNull(row.time_updated_s),
  transaction_timestamp: integerOrNull(row.transaction_timestamp),
  time_heartbeat: integerOrNull(row.time_heartbeat),
  rows_copied: integerOrNull(row.rows_copied),
  workflow_type: integerOrNull(row.workflow_type),
  workflow_sub_type: integerOrNull(row.workflow_sub_type),
  defer_secondary_keys: integerOrNull(row.defer_secondary_keys),
  options: textOrNull(row.options),
  tags: textOrNull(row.tags),
  max_tps: textOrNull(row.max_tps),
  max_replication_lag: textOrNull(row.max_replication_lag),
  created_at: integerOrNull(row.created_s),
  observed_at: integerOrNull(row.now_s) ?? observedAt,
});

export const copyStateRow = (address: string, row: SidecarRow): CopyStateRow => ({
  address,
  vrepl_id: integer(row.vrepl_id),
  table_name: text(row.table_name),
});

export const postCopyActionRow = (address: string, row: SidecarRow): PostCopyActionRow => ({
  address,
  id: integer(row.id),
  vrepl_id: integer(row.vrepl_id),
  table_name: text(row.table_name),
  action_json: text(row.action),
});

/** The id is a 64-bit hash: it stays text. */
export const journalRow = (address: string, row: SidecarRow): ReshardingJournalRow => ({
  address,
  id: text(row.id),
  db_name: text(row.db_name),
  val: text(row.val),
});

export const vdiffRow = (address: string, row: SidecarRow): VdiffRow => ({
  address,
  id: integer(row.id),
  vdiff_uuid: textOrNull(row.vdiff_uuid),
  workflow: text(row.workflow),
  keyspace: text(row.keyspace),
  shard: text(row.shard),
  db_name: textOrNull(row.db_name),
  state: textOrNull(row.state),
});

export const heldTableRow = (address: string, row: SidecarRow): HeldTableRow => ({
  address,
  hold_schema: text(row.table_schema),
  table_name: text(row.table_name),
  row_count: integerOrNull(row.row_estimate),
  bytes: integerOrNull(row.bytes),
});

export const triggerRow = (address: string, row: SidecarRow): LiveTriggerRow => ({
  address,
  db_name: text(row.trigger_schema),
  trigger_name: text(row.trigger_name),
  table_name: text(row.event_object_table),
});
