/**
 * The derived part of a snapshot: one row type per table under DERIVED in `schema.sql`, which says what each column means.
 * A test holds the two together.
 */

export interface UndecodableKeyRow {
  readonly server: string;
  readonly key: string;
  readonly kind: string;
  readonly message: string;
  readonly revision: number;
}

export interface CellRow {
  readonly cell: string;
  readonly server: string;
  readonly root: string;
  readonly answered: number;
  readonly key: string;
  readonly revision: number;
}

export interface KeyspaceRow {
  readonly keyspace: string;
  readonly keyspace_type: string;
  readonly base_keyspace: string;
  readonly durability_policy: string;
  readonly sidecar_db_name: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
}

export interface ShardRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly range_start: string;
  readonly range_end: string;
  readonly primary_alias: string | null;
  readonly primary_term_start: number | null;
  readonly is_primary_serving: number;
  readonly server: string;
  readonly key: string;
  readonly create_revision: number;
  readonly revision: number;
}

export interface TabletControlRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly tablet_type: string;
  readonly cells_json: string;
  readonly frozen: number;
  readonly denied_tables_json: string;
  readonly key: string;
  readonly revision: number;
}

export interface DeniedTableRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly tablet_type: string;
  readonly table_name: string;
}

export interface TabletRow {
  readonly alias: string;
  readonly cell: string;
  readonly uid: number;
  readonly keyspace: string;
  readonly shard: string;
  readonly type: string;
  readonly hostname: string;
  readonly grpc_port: number;
  readonly http_port: number;
  readonly mysql_host: string;
  readonly mysql_port: number;
  readonly db_name: string;
  readonly primary_term_start: number | null;
  readonly shut_down_at: number | null;
  readonly tags_json: string;
  readonly address: string;
  readonly server: string;
  readonly key: string;
  readonly create_revision: number;
  readonly revision: number;
}

export interface ShardReplicationRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly alias: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
}

export interface SrvKeyspaceRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
}

export interface SrvPartitionRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly tablet_type: string;
  readonly shard: string;
  readonly range_start: string;
  readonly range_end: string;
  readonly key: string;
  readonly revision: number;
}

export interface SrvControlRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly tablet_type: string;
  readonly shard: string;
  readonly query_service_disabled: number;
  readonly key: string;
  readonly revision: number;
}

export interface SrvVschemaRow {
  readonly cell: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
}

export interface VschemaTableRow {
  readonly scope: string;
  readonly keyspace: string;
  readonly table_name: string;
  readonly table_type: string;
}

export interface VschemaRow {
  readonly scope: string;
  readonly keyspace: string;
  readonly sharded: number;
  readonly body_json: string;
  readonly key: string;
  readonly revision: number;
}

export interface RoutingRuleRow {
  readonly scope: string;
  readonly from_table: string;
  readonly to_tables_json: string;
  readonly key: string;
  readonly revision: number;
}

export interface ShardRoutingRuleRow {
  readonly scope: string;
  readonly from_keyspace: string;
  readonly shard: string;
  readonly to_keyspace: string;
  readonly key: string;
  readonly revision: number;
}

export interface KeyspaceRoutingRuleRow {
  readonly scope: string;
  readonly from_keyspace: string;
  readonly to_keyspace: string;
  readonly key: string;
  readonly revision: number;
}

export interface MirrorRuleRow {
  readonly scope: string;
  readonly from_table: string;
  readonly to_table: string;
  readonly percent: number;
  readonly key: string;
  readonly revision: number;
}

export interface TopoLockRow {
  readonly server: string;
  readonly key: string;
  readonly kind: string;
  readonly keyspace: string | null;
  readonly shard: string | null;
  readonly workflow: string | null;
  readonly lease: string;
  readonly holder: number;
  readonly action: string;
  readonly host_name: string;
  readonly user_name: string;
  readonly taken_at: number | null;
  readonly ttl: number | null;
  readonly granted_ttl: number | null;
  readonly revision: number;
}

export interface VitessMetadataRow {
  readonly name: string;
  readonly value: string;
}

export interface DeletionRow {
  readonly server: string;
  readonly key: string;
  readonly deleted_revision: number;
  readonly kind: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly cell: string;
  readonly alias: string;
  readonly recreated: number;
  readonly operation: string;
  readonly lock_key: string | null;
  readonly lock_action: string | null;
  readonly lock_host: string | null;
  readonly lock_user: string | null;
  readonly lock_taken_at: number | null;
  readonly workflow: string | null;
  readonly detail_json: string;
}

export interface CancelledTargetRow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly shard: string;
  readonly fate: string;
  readonly deleted_revision: number | null;
}

export interface ProcessRow {
  readonly address: string;
  readonly alias: string;
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly type: string;
  readonly same_cluster: number;
  readonly record: string;
  readonly shard_record: string;
  readonly witnesses: string;
  readonly db_name: string;
  readonly observed_at: number;
}

export interface StreamRow {
  readonly address: string;
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly id: number;
  readonly workflow: string;
  readonly kind: string;
  readonly db_name: string;
  readonly source_keyspace: string;
  readonly source_shard: string;
  readonly source_external: string;
  readonly source: string;
  readonly state: string;
  readonly active: number;
  readonly frozen: number;
  readonly message: string;
  readonly pos: string;
  readonly time_updated: number | null;
  readonly age_s: number | null;
  readonly copying: number;
  readonly engine_state: string | null;
  readonly copies: number;
  readonly observed_at: number;
}

export interface UnparsableSourceRow {
  readonly address: string;
  readonly id: number;
  readonly workflow: string;
  readonly message: string;
}

export interface StreamRuleRow {
  readonly address: string;
  readonly id: number;
  readonly ordinal: number;
  readonly match: string;
  readonly filter: string;
}

export interface WorkflowRow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly kind: string;
  readonly migration: string;
  readonly source_keyspace: string;
  readonly phase: string;
  readonly is_reverse: number;
  readonly streams: number;
  readonly active: number;
  readonly migration_id: string;
  readonly journal_found: number;
  readonly target_shards_json: string;
  readonly source_shards_json: string;
}

export interface JournalRow {
  readonly address: string;
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly id: string;
  readonly db_name: string;
  readonly migration: string;
  readonly local_position: string;
  readonly workflow_keyspace: string;
  readonly workflow: string;
  readonly outrun: number | null;
}

export interface ExpectedPartitionRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly tablet_type: string;
  readonly shard: string;
}

export interface RangeFaultRow {
  readonly keyspace: string;
  readonly basis: string;
  readonly kind: string;
  readonly range_start: string;
  readonly range_end: string;
  readonly shards_json: string;
}

export interface OperationRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly workflow: string;
  readonly action: string;
  readonly lock_key: string;
  readonly host_name: string;
  readonly since: number | null;
  readonly until: number;
}

export interface UnansweredRow {
  readonly domain: string;
  readonly subject: string;
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly alias: string;
  readonly reason: string;
  readonly message: string;
  readonly required: number;
}

export interface RestoredTopologyRow {
  readonly sign: string;
  readonly detail: string;
}

export interface Derived {
  readonly undecodable_key: readonly UndecodableKeyRow[];
  readonly cell: readonly CellRow[];
  readonly keyspace: readonly KeyspaceRow[];
  readonly shard: readonly ShardRow[];
  readonly tablet_control: readonly TabletControlRow[];
  readonly denied_table: readonly DeniedTableRow[];
  readonly tablet: readonly TabletRow[];
  readonly shard_replication: readonly ShardReplicationRow[];
  readonly srv_keyspace: readonly SrvKeyspaceRow[];
  readonly srv_partition: readonly SrvPartitionRow[];
  readonly srv_control: readonly SrvControlRow[];
  readonly srv_vschema: readonly SrvVschemaRow[];
  readonly vschema_table: readonly VschemaTableRow[];
  readonly vschema: readonly VschemaRow[];
  readonly routing_rule: readonly RoutingRuleRow[];
  readonly shard_routing_rule: readonly ShardRoutingRuleRow[];
  readonly keyspace_routing_rule: readonly KeyspaceRoutingRuleRow[];
  readonly mirror_rule: readonly MirrorRuleRow[];
  readonly topo_lock: readonly TopoLockRow[];
  readonly vitess_metadata: readonly VitessMetadataRow[];
  readonly deletion: readonly DeletionRow[];
  readonly process: readonly ProcessRow[];
  readonly stream: readonly StreamRow[];
  readonly unparsable_source: readonly UnparsableSourceRow[];
  readonly stream_rule: readonly StreamRuleRow[];
  readonly workflow: readonly WorkflowRow[];
  readonly cancelled_target: readonly CancelledTargetRow[];
  readonly journal: readonly JournalRow[];
  readonly expected_partition: readonly ExpectedPartitionRow[];
  readonly range_fault: readonly RangeFaultRow[];
  readonly operation: readonly OperationRow[];
  readonly unanswered: readonly UnansweredRow[];
  readonly restored_topology: readonly RestoredTopologyRow[];
}
