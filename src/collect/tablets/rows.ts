import type { FactTable } from "../../snapshot/facts.js";
import type {
  EngineStreamRow,
  LiveTabletRow,
  ReplicationRow,
  Rows,
  SidecarSchemaRow,
  VreplicationRow,
} from "../../snapshot/gen/tables.js";
import type { SidecarRow } from "../../tablets/access.js";
import type { SidecarRead } from "../../tablets/queries.js";
import { mysqlName } from "../../witnesses/witness.js";
import type { Channel, TabletAnswers } from "./answers.js";

/** The process in its own words; null where nothing answered there. `mysqlPort`: null where it was not asked. */
export function liveRow(tablet: TabletAnswers, mysqlPort: number | null): LiveTabletRow | null {
  const { who, identity, vars } = tablet;
  const server = tablet.status ?? tablet.mysql;
  if (who === null && server === null) return null;
  return {
    address: liveAddress(tablet),
    alias: who?.alias ?? null,
    keyspace: who?.keyspace ?? null,
    shard: who?.shard ?? null,
    type: who?.type ?? null,
    serving: identity === null ? null : flag(identity.serving),
    term_start: identity?.termStart ?? null,
    health_error: identity?.healthError ?? null,
    state_name: vars?.stateName ?? null,
    build_version: vars?.buildVersion ?? null,
    key_range_start: vars?.keyRangeStart ?? null,
    key_range_end: vars?.keyRangeEnd ?? null,
    topo_server: vars?.topoServer ?? null,
    topo_root: vars?.topoRoot ?? null,
    command_line_json: vars?.commandLineJson ?? null,
    vstreamers: vars?.vstreamers ?? null,
    server_uuid: server?.serverUuid ?? null,
    server_version: server?.serverVersion ?? null,
    read_only: server === null ? null : flag(server.readOnly),
    super_read_only: server === null ? null : flag(server.superReadOnly),
    position: server?.position ?? null,
    mysql_port: mysqlPort,
    source_host: server?.sourceHost ?? null,
    source_port: server?.sourcePort ?? null,
    io_state: server?.ioState ?? null,
    sql_state: server?.sqlState ?? null,
    replication_error: server?.lastError ?? null,
    observed_at_ms: tablet.observedAtMs,
  };
}

/** None where FullStatus was not answered. */
export const replicationRows = ({ target, status }: TabletAnswers): readonly ReplicationRow[] =>
  status === null
    ? []
    : [
        {
          address: target.address,
          server_id: status.replication.serverId,
          source_uuid: status.replication.sourceUuid,
          backup_running: flag(status.replication.backupRunning),
          heartbeat_interval: status.replication.heartbeatInterval,
          replica_net_timeout: status.replication.replicaNetTimeout,
          semi_sync_source: flag(status.replication.semiSyncSource),
          semi_sync_replica: flag(status.replication.semiSyncReplica),
          semi_sync_waits: flag(status.replication.semiSyncWaits),
          semi_sync_wait_count: status.replication.semiSyncWaitCount,
          semi_sync_clients: status.replication.semiSyncClients,
          semi_sync_blocked: flag(status.replication.semiSyncBlocked),
        },
      ];

/** Where only MySQL answered, nothing says which vttablet it belongs to. */
export const liveAddress = ({ who, target }: Pick<TabletAnswers, "who" | "target">): string =>
  who === null && target.at.mysqlPort > 0 ? mysqlName(target.at) : target.address;

export const engineStreamRows = ({ target, vars, ghosts }: TabletAnswers): readonly EngineStreamRow[] =>
  (vars?.streams ?? []).map((stream) => ({
    address: target.address,
    id: stream.id,
    workflow: stream.workflow,
    state: stream.state,
    source: stream.source,
    source_tablet: stream.sourceTablet,
    last_message: stream.lastMessage,
    heartbeat: stream.heartbeat,
    rowless_ms: ghosts.get(stream.id) ?? null,
  }));

export const sidecarRows = ({ target, sidecars }: TabletAnswers): readonly SidecarSchemaRow[] =>
  sidecars.map((schema_name) => ({ address: target.address, schema_name }));

const flag = (value: boolean): number => (value ? 1 : 0);

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
  time_throttled: integerOrNull(row.time_throttled),
  component_throttled: textOrNull(row.component_throttled),
  reason_throttled: textOrNull(row.reason_throttled),
  log_type: textOrNull(row.log_type),
  log_state: textOrNull(row.log_state),
  log_message: textOrNull(row.log_message),
  log_count: integerOrNull(row.log_count),
  log_created_at: integerOrNull(row.log_created_s),
  log_updated_at: integerOrNull(row.log_updated_s),
  observed_at: integerOrNull(row.now_s) ?? observedAt,
});

interface SecondRoundRead<T extends FactTable = FactTable> {
  readonly table: T;
  /** Null: a row that says nothing. */
  readonly decode: (row: SidecarRow) => Omit<Rows[T], "address"> | null;
}

/** A type for `decode` by its table, kept by nothing else. */
const into = <T extends FactTable>(table: T, decode: SecondRoundRead<T>["decode"]): SecondRoundRead => ({
  table,
  decode,
});

/** What one process of each shard is asked, by the read of `tablets/queries.ts`: the table of the snapshot that it fills, and how. */
export const SECOND_ROUND = {
  copyState: into("copy_state", (row) => ({
    vrepl_id: integer(row.vrepl_id),
    table_name: text(row.table_name),
  })),
  postCopyActions: into("post_copy_action", (row) => ({
    id: integer(row.id),
    vrepl_id: integer(row.vrepl_id),
    table_name: text(row.table_name),
    action_json: text(row.action),
    copying: integerOrNull(row.copying),
  })),
  // The id is a 64-bit hash: it stays text.
  journals: into("resharding_journal", (row) => ({
    id: text(row.id),
    db_name: text(row.db_name),
    val: text(row.val),
  })),
  vdiffs: into("vdiff", (row) => ({
    id: integer(row.id),
    vdiff_uuid: textOrNull(row.vdiff_uuid),
    workflow: text(row.workflow),
    keyspace: text(row.keyspace),
    shard: text(row.shard),
    db_name: textOrNull(row.db_name),
    state: textOrNull(row.state),
    created_at: integerOrNull(row.created_s),
    started_at: integerOrNull(row.started_s),
    updated_at: integerOrNull(row.updated_s),
    completed_at: integerOrNull(row.completed_s),
    last_error: textOrNull(row.last_error),
    observed_at: integerOrNull(row.now_s),
  })),
  strayRows: into("stray_row", (row) => ({
    table_name: text(row.child),
    parent_id: integer(row.parent_id),
    row_count: integer(row.row_count),
  })),
  migrations: into("schema_migration", (row) => ({
    uuid: text(row.migration_uuid),
    keyspace: text(row.keyspace),
    shard: text(row.shard),
    db_name: text(row.mysql_schema),
    table_name: text(row.mysql_table),
    strategy: text(row.strategy),
    options: text(row.options),
    ddl_action: text(row.ddl_action),
    status: text(row.migration_status),
    stage: text(row.stage),
    tablet: text(row.tablet),
    retries: integer(row.retries),
    postpone_launch: integer(row.postpone_launch),
    postpone_completion: integer(row.postpone_completion),
    ready_to_complete: integer(row.ready_to_complete),
    added_at: integerOrNull(row.added_s),
    requested_at: integerOrNull(row.requested_s),
    ready_at: integerOrNull(row.ready_s),
    started_at: integerOrNull(row.started_s),
    liveness_at: integerOrNull(row.liveness_s),
    ready_to_complete_at: integerOrNull(row.ready_to_complete_s),
    completed_at: integerOrNull(row.completed_s),
    cleanup_at: integerOrNull(row.cleanup_s),
    artifacts: text(row.artifacts),
    message: text(row.message),
    shape: textOrNull(row.shape),
    observed_at: integer(row.now_s),
  })),
  transactions: into("dt_state", (row) => ({
    dtid: text(row.dtid),
    state: integer(row.state),
    participants: text(row.participants),
    created_at: integer(row.created_s),
    observed_at: integer(row.now_s),
  })),
  redos: into("redo_state", (row) => ({
    dtid: text(row.dtid),
    state: integer(row.state),
    message: textOrNull(row.message),
    statements: integer(row.statements),
    created_at: integer(row.created_s),
    observed_at: integer(row.now_s),
  })),
  internalTables: into("internal_table", (row) => ({
    db_name: text(row.table_schema),
    table_name: text(row.table_name),
    table_type: text(row.table_type),
    bytes: integerOrNull(row.bytes),
    observed_at: integer(row.now_s),
  })),
  // A hold schema without a table holds nothing.
  holds: into("held_table", (row) =>
    text(row.table_name) === ""
      ? null
      : {
          hold_schema: text(row.table_schema),
          table_name: text(row.table_name),
          row_count: integerOrNull(row.row_estimate),
          bytes: integerOrNull(row.bytes),
        },
  ),
  triggers: into("live_trigger", (row) => ({
    db_name: text(row.trigger_schema),
    trigger_name: text(row.trigger_name),
    table_name: text(row.event_object_table),
  })),
} satisfies Partial<Record<SidecarRead & Channel, SecondRoundRead>>;
