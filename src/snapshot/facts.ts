/**
 * The facts of a snapshot: one row type per table of the FACTS part of `schema.sql`, which says what each column means.
 * A test holds the two together.
 */

interface MetaRow {
  readonly name: string;
  readonly value: string;
}

export interface TopoServerRow {
  readonly server: string;
  readonly cluster_id: string | null;
  readonly version: string | null;
  readonly revision: number | null;
  readonly horizon: number | null;
  readonly answered: number;
  readonly reason: string | null;
  readonly message: string | null;
}

export interface TopoRootRow {
  readonly name: string;
  readonly server: string;
  readonly root: string;
}

export interface TopoKeyRow {
  readonly server: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease: string;
}

export interface TopoLeaseRow {
  readonly server: string;
  readonly lease: string;
  readonly ttl: number;
  readonly granted_ttl: number;
}

export interface TopoHistoryRow {
  readonly server: string;
  readonly key: string;
  readonly deleted_revision: number;
  readonly value: Uint8Array;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly recreated: number;
  readonly locks_known: number;
}

export interface TopoHistoryLockRow {
  readonly server: string;
  readonly deleted_revision: number;
  readonly key: string;
  readonly value: Uint8Array;
  readonly mod_revision: number;
}

export interface WitnessRow {
  readonly source: string;
  readonly detail: string;
  readonly address: string;
  readonly alias: string | null;
  readonly host: string;
  readonly grpc_port: number;
  readonly http_port: number;
  readonly mysql_host: string;
  readonly mysql_port: number;
  readonly required: number;
}

export interface ProbeRow {
  readonly address: string;
  readonly channel: string;
  readonly answered: number;
  readonly reason: string | null;
  readonly message: string | null;
  readonly required: number;
  readonly observed_at_ms: number;
}

export interface LiveTabletRow {
  readonly address: string;
  readonly alias: string | null;
  readonly keyspace: string | null;
  readonly shard: string | null;
  readonly type: string | null;
  readonly serving: number | null;
  readonly term_start: number | null;
  readonly health_error: string | null;
  readonly state_name: string | null;
  readonly build_version: string | null;
  readonly key_range_start: string | null;
  readonly key_range_end: string | null;
  readonly topo_server: string | null;
  readonly topo_root: string | null;
  readonly command_line_json: string | null;
  readonly vstreamers: number | null;
  readonly server_uuid: string | null;
  readonly server_version: string | null;
  readonly read_only: number | null;
  readonly super_read_only: number | null;
  readonly position: string | null;
  readonly mysql_port: number | null;
  readonly source_host: string | null;
  readonly source_port: number | null;
  readonly io_state: number | null;
  readonly sql_state: number | null;
  readonly replication_error: string | null;
  readonly observed_at_ms: number;
}

export interface VreplicationRow {
  readonly address: string;
  readonly channel: string;
  readonly id: number;
  readonly workflow: string;
  readonly db_name: string;
  readonly source: string;
  readonly pos: string | null;
  readonly stop_pos: string | null;
  readonly state: string;
  readonly message: string | null;
  readonly cell: string | null;
  readonly tablet_types: string | null;
  readonly time_updated: number | null;
  readonly transaction_timestamp: number | null;
  readonly time_heartbeat: number | null;
  readonly rows_copied: number | null;
  readonly workflow_type: number | null;
  readonly workflow_sub_type: number | null;
  readonly defer_secondary_keys: number | null;
  readonly options: string | null;
  readonly tags: string | null;
  readonly max_tps: string | null;
  readonly max_replication_lag: string | null;
  readonly created_at: number | null;
  readonly observed_at: number;
}

export interface EngineStreamRow {
  readonly address: string;
  readonly id: number;
  readonly workflow: string;
  readonly state: string;
  readonly source: string | null;
  readonly source_tablet: string | null;
  readonly last_message: string | null;
  readonly heartbeat: number | null;
  readonly rowless_ms: number | null;
}

export interface CopyStateRow {
  readonly address: string;
  readonly vrepl_id: number;
  readonly table_name: string;
}

export interface PostCopyActionRow {
  readonly address: string;
  readonly id: number;
  readonly vrepl_id: number;
  readonly table_name: string;
  readonly action_json: string;
}

export interface ReshardingJournalRow {
  readonly address: string;
  readonly id: string;
  readonly db_name: string;
  readonly val: string;
}

export interface VdiffRow {
  readonly address: string;
  readonly id: number;
  readonly vdiff_uuid: string | null;
  readonly workflow: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly db_name: string | null;
  readonly state: string | null;
}

export interface LiveTableRow {
  readonly address: string;
  readonly db_name: string;
  readonly table_name: string;
  readonly table_type: string;
  readonly definition: string;
  readonly data_length: number;
  readonly row_count: number;
}

export interface LiveTriggerRow {
  readonly address: string;
  readonly db_name: string;
  readonly trigger_name: string;
  readonly table_name: string;
}

export interface HeldTableRow {
  readonly address: string;
  readonly hold_schema: string;
  readonly table_name: string;
  readonly row_count: number | null;
  readonly bytes: number | null;
}

export interface Facts {
  readonly meta: readonly MetaRow[];
  readonly topo_server: readonly TopoServerRow[];
  readonly topo_root: readonly TopoRootRow[];
  readonly topo_key: readonly TopoKeyRow[];
  readonly topo_lease: readonly TopoLeaseRow[];
  readonly topo_history: readonly TopoHistoryRow[];
  readonly topo_history_lock: readonly TopoHistoryLockRow[];
  readonly witness: readonly WitnessRow[];
  readonly probe: readonly ProbeRow[];
  readonly live_tablet: readonly LiveTabletRow[];
  readonly vreplication: readonly VreplicationRow[];
  readonly engine_stream: readonly EngineStreamRow[];
  readonly copy_state: readonly CopyStateRow[];
  readonly post_copy_action: readonly PostCopyActionRow[];
  readonly resharding_journal: readonly ReshardingJournalRow[];
  readonly vdiff: readonly VdiffRow[];
  readonly live_table: readonly LiveTableRow[];
  readonly live_trigger: readonly LiveTriggerRow[];
  readonly held_table: readonly HeldTableRow[];
}

/** Null where the snapshot does not have it. */
export const metaValue = (facts: Pick<Facts, "meta">, name: string): string | null =>
  facts.meta.find((row) => row.name === name)?.value ?? null;

export type FactTable = keyof Facts;

export const FACT_TABLES: readonly FactTable[] = [
  "meta",
  "topo_server",
  "topo_root",
  "topo_key",
  "topo_lease",
  "topo_history",
  "topo_history_lock",
  "witness",
  "probe",
  "live_tablet",
  "vreplication",
  "engine_stream",
  "copy_state",
  "post_copy_action",
  "resharding_journal",
  "vdiff",
  "live_table",
  "live_trigger",
  "held_table",
];

export const emptyFacts = (): Facts => ({
  meta: [],
  topo_server: [],
  topo_root: [],
  topo_key: [],
  topo_lease: [],
  topo_history: [],
  topo_history_lock: [],
  witness: [],
  probe: [],
  live_tablet: [],
  vreplication: [],
  engine_stream: [],
  copy_state: [],
  post_copy_action: [],
  resharding_journal: [],
  vdiff: [],
  live_table: [],
  live_trigger: [],
  held_table: [],
});
