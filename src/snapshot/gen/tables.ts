// Written by `npm run schema` from ../schema.sql.

/**
 * What the snapshot is, by name:
 *   schema: the version of this file
 *   vtdoctor: the version that took the snapshot
 *   taken_at_ms, first_seen_at_ms: when it was taken, and when the first of two looks was (else the same)
 *   global_server, global_root: as vtdoctor was given them
 *   sources_json: which witnesses were asked
 *   keyspaces_json, cells_json: the filters; empty: all
 *   moved_keys_json: the {server, key} that changed while the tablets answered; topo_key has their newer state
 *   earlier_revisions_json: {server: the highest revision that an earlier snapshot saw}
 *   settled_ids_json: {id: unix milliseconds} of what the look before showed already, which may be an earlier scan, and since when all looks
 *     without a gap of an hour showed it; absent after a single one
 *   not_asked_json: tables, and columns as table.column, of an older vtdoctor's snapshot that it did not ask for; unanswered lists them
 */
export interface MetaRow {
  readonly name: string;
  readonly value: string;
}

/**
 * One row per distinct etcd cluster, under the first spelling of its address list, and one per other spelling that a tablet was started
 * with, if it answered. A server of cells that --cell leaves out has none. horizon: the oldest revision that could still be read.
 * cluster_id: etcd's own, which clusters that were configured alike share; `ID at SERVER` where a tablet's server says the global one's id
 * but holds other keys. answered = 1 with a reason: only its history could not be read, or not to its end.
 */
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

/**
 * name: 'global', or a cell's. Cells come from CellInfo.
 */
export interface TopoRootRow {
  readonly name: string;
  readonly server: string;
  readonly root: string;
}

/**
 * Every key under every root, with its bytes.
 */
export interface TopoKeyRow {
  readonly server: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease: string;
}

/**
 * The leases of lock keys. ttl: seconds that were left; granted_ttl: seconds that it was granted for.
 */
export interface TopoLeaseRow {
  readonly server: string;
  readonly lease: string;
  readonly ttl: number;
  readonly granted_ttl: number;
}

/**
 * Keys that etcd's history shows and that were deleted (also where a key of that name exists again: recreated = 1).
 * value: the last bytes before the deletion; deleted_revision: the revision of the deletion itself. locks_known = 0: which locks stood then
 * could not be read (compacted, budget), or they live on another etcd than the key. Of a CellInfo also what was written over (recreated = 1):
 * deleted_revision is then the revision of the next write.
 */
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

/**
 * Lock keys that existed at deleted_revision - 1 (docs/decisions.md#d8), with their JSON.
 */
export interface TopoHistoryLockRow {
  readonly server: string;
  readonly deleted_revision: number;
  readonly key: string;
  readonly value: Uint8Array;
  readonly mod_revision: number;
}

/**
 * Where a tablet may be running, and who said so. source: topology, history, inventory, snapshot, replica.
 * required: its silence makes the scan incomplete (an address known from history alone is not; docs/decisions.md#d7).
 */
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

/**
 * One row per question to one address. A question that was not asked has no row. channel, by the domain of unanswered that it answers for,
 * the telling ones first:
 *   tablet: health, vars, status, queryRules
 *   sidecar: streams, copyState, postCopyActions, journals, vdiffs, strayRows, migrations, transactions, redos, internalTables, holds, mysqlPort
 *   schema: schema, triggers, sequences
 *   mysql: mysql, mysqlStatus
 */
export interface ProbeRow {
  readonly address: string;
  readonly channel: string;
  readonly answered: number;
  readonly reason: string | null;
  readonly message: string | null;
  readonly required: number;
  readonly observed_at_ms: number;
}

/**
 * A process that answered at an address, in its own words (StreamHealth, /debug/vars, FullStatus; columns of a question that was not
 * answered are NULL). address = host:grpc_port, or mysql://host:port where only MySQL answered. mysql_port: @@port, asked of processes
 * without a Tablet record only.
 */
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

/**
 * How the MySQL behind a vttablet replicates, beyond live_tablet (FullStatus). source_uuid: of the server that it replicates from; '' where it does not,
 * or never reached it. backup_running = 1: a backup may have stopped its replication (0 before Vitess 22). heartbeat_interval, replica_net_timeout:
 * seconds; NULL where it does not replicate, and before Vitess 20. semi_sync_source, semi_sync_replica: it is set to wait for replicas, and to
 * acknowledge to its source. Of a source: semi_sync_waits = 1: its commits wait for semi_sync_wait_count replicas (0: it is not set so, or gave up
 * waiting); semi_sync_clients: replicas that are connected and acknowledge; semi_sync_blocked = 1: every write hangs for them (0 before Vitess 22).
 */
export interface ReplicationRow {
  readonly address: string;
  readonly server_id: number;
  readonly source_uuid: string;
  readonly backup_running: number;
  readonly heartbeat_interval: number | null;
  readonly replica_net_timeout: number | null;
  readonly semi_sync_source: number;
  readonly semi_sync_replica: number;
  readonly semi_sync_waits: number;
  readonly semi_sync_wait_count: number;
  readonly semi_sync_clients: number;
  readonly semi_sync_blocked: number;
}

/**
 * Rows of _vt.vreplication. channel: grpc or mysql. time_updated is normalised to unix seconds. created_at: of the stream, by
 * _vt.vreplication_log, the newest row of its id. log_*: the newest row of the stream there; a message that comes again at once only raises
 * log_count and log_updated_at (vreplication/utils.go insertLog). log_message: its first 1000 characters, '' of the row of a creation.
 * Absent columns are NULL.
 */
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
  readonly time_throttled: number | null;
  readonly component_throttled: string | null;
  readonly reason_throttled: string | null;
  readonly log_type: string | null;
  readonly log_state: string | null;
  readonly log_message: string | null;
  readonly log_count: number | null;
  readonly log_created_at: number | null;
  readonly log_updated_at: number | null;
  readonly observed_at: number;
}

/**
 * Streams that the engine has in memory (/debug/vars). rowless_ms: the engine had the stream, and _vt.vreplication no row of its id, in two looks
 * of the same process so many milliseconds apart; NULL: it has a row, or the second look did not show the same.
 */
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

/**
 * Tables that a stream still copies (rows of _vt.copy_state).
 */
export interface CopyStateRow {
  readonly address: string;
  readonly vrepl_id: number;
  readonly table_name: string;
}

/**
 * What a stream has to do at the end of its copy, such as secondary keys that it put off (rows of _vt.post_copy_action). copying = 1:
 * _vt.copy_state had a row of the same stream and table then.
 */
export interface PostCopyActionRow {
  readonly address: string;
  readonly id: number;
  readonly vrepl_id: number;
  readonly table_name: string;
  readonly action_json: string;
  readonly copying: number | null;
}

/**
 * Journals of switches of traffic (rows of _vt.resharding_journal). val: the Journal as prototext.
 */
export interface ReshardingJournalRow {
  readonly address: string;
  readonly id: string;
  readonly db_name: string;
  readonly val: string;
}

/**
 * VDiffs (rows of _vt.vdiff). updated_at: when a row of it in _vt.vdiff_table last changed; vttablet itself never writes a liveness of it. Times
 * here and in the tables below, observed_at too, are of the MySQL's own clock.
 */
export interface VdiffRow {
  readonly address: string;
  readonly id: number;
  readonly vdiff_uuid: string | null;
  readonly workflow: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly db_name: string | null;
  readonly state: string | null;
  readonly created_at: number | null;
  readonly started_at: number | null;
  readonly updated_at: number | null;
  readonly completed_at: number | null;
  readonly last_error: string | null;
  readonly observed_at: number | null;
}

/**
 * How many rows of a sidecar table belong to a parent that is gone: of copy_state and post_copy_action a stream, of vdiff_table a VDiff.
 * vreplication_log: only where it is longer than a million rows, by its ids, with parent_id 0.
 */
export interface StrayRowRow {
  readonly address: string;
  readonly table_name: string;
  readonly parent_id: number;
  readonly row_count: number;
}

/**
 * Online DDL (rows of _vt.schema_migrations): all that are not over or not cleaned up, and the others of the last 30 days. artifacts: the names of
 * its tables, each with a comma behind. shape: a checksum of the table's columns and keys as they are now, alike where two tables are; NULL: there is no
 * such table.
 */
export interface SchemaMigrationRow {
  readonly address: string;
  readonly uuid: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly db_name: string;
  readonly table_name: string;
  readonly strategy: string;
  readonly options: string;
  readonly ddl_action: string;
  readonly status: string;
  readonly stage: string;
  readonly tablet: string;
  readonly retries: number;
  readonly postpone_launch: number;
  readonly postpone_completion: number;
  readonly ready_to_complete: number;
  readonly added_at: number | null;
  readonly requested_at: number | null;
  readonly ready_at: number | null;
  readonly started_at: number | null;
  readonly liveness_at: number | null;
  readonly ready_to_complete_at: number | null;
  readonly completed_at: number | null;
  readonly cleanup_at: number | null;
  readonly artifacts: string;
  readonly message: string;
  readonly shape: string | null;
  readonly observed_at: number;
}

/**
 * Distributed transactions on the shard that decides them, a minute old and older (rows of _vt.dt_state). state: 1 is PREPARE in every version;
 * up to v20 2 is COMMIT and 3 ROLLBACK, from v21 on 2 is ROLLBACK and 3 COMMIT. participants: keyspace/shard, joined by commas.
 */
export interface DtStateRow {
  readonly address: string;
  readonly dtid: string;
  readonly state: number;
  readonly participants: string;
  readonly created_at: number;
  readonly observed_at: number;
}

/**
 * What a shard has prepared of distributed transactions (rows of _vt.redo_state), a minute old and older, and those that failed. state: 0 failed,
 * 1 prepared. message: since v21.
 */
export interface RedoStateRow {
  readonly address: string;
  readonly dtid: string;
  readonly state: number;
  readonly message: string | null;
  readonly statements: number;
  readonly created_at: number;
  readonly observed_at: number;
}

/**
 * Tables and views under names of Vitess's own, of every user database: those that it is about to drop, and shadow tables of Online DDL.
 */
export interface InternalTableRow {
  readonly address: string;
  readonly db_name: string;
  readonly table_name: string;
  readonly table_type: string;
  readonly bytes: number | null;
  readonly observed_at: number;
}

/**
 * Tables and views of the tablet's own database (GetSchema). table_type: BASE TABLE or VIEW.
 */
export interface LiveTableRow {
  readonly address: string;
  readonly db_name: string;
  readonly table_name: string;
  readonly table_type: string;
  readonly definition: string;
  readonly data_length: number;
  readonly row_count: number;
}

/**
 * Rows of sequence tables: of those that the VSchema of their keyspace calls sequences and the primary has, with the columns of one. Without a row
 * where the table has none of id 0.
 */
export interface SequenceStateRow {
  readonly address: string;
  readonly db_name: string;
  readonly table_name: string;
  readonly next_id: string;
  readonly cache: string;
}

/**
 * Databases of a primary's MySQL that have a table vreplication: the sidecar databases of the keyspaces that live there.
 */
export interface SidecarSchemaRow {
  readonly address: string;
  readonly schema_name: string;
}

/**
 * Tables that the process of a primary refuses queries of (/debug/query_rules, the rules named DenyListQueryRules): those of its Shard record when it
 * last read that, as far as they existed. Asked where the tables are, and where there is a journal; a process that shows its rules to nobody has no
 * probe of it.
 */
export interface AppliedDenialRow {
  readonly address: string;
  readonly table_name: string;
}

/**
 * Triggers of every database but sys.
 */
export interface LiveTriggerRow {
  readonly address: string;
  readonly db_name: string;
  readonly trigger_name: string;
  readonly table_name: string;
}

/**
 * Tables that an earlier `fix` or `cancel` moved aside (docs/decisions.md#d18).
 * Bytes and rows as MySQL estimates them; NULL where it does not say.
 */
export interface HeldTableRow {
  readonly address: string;
  readonly hold_schema: string;
  readonly table_name: string;
  readonly row_count: number | null;
  readonly bytes: number | null;
}

/**
 * Keys whose bytes are not the record that their path says. kind: the record; message: why it can not be read.
 */
export interface UndecodableKeyRow {
  readonly server: string;
  readonly key: string;
  readonly kind: string;
  readonly message: string;
  readonly revision: number;
}

/**
 * CellInfo records. answered = 1: the etcd that holds the cell's root was read to its end. old_server, old_root: what it named last before it named
 * these, and changed_revision: since when; NULL: it never named others, or etcd's history does not go back to it.
 */
export interface CellRow {
  readonly cell: string;
  readonly server: string;
  readonly root: string;
  readonly answered: number;
  readonly key: string;
  readonly revision: number;
  readonly old_server: string | null;
  readonly old_root: string | null;
  readonly changed_revision: number | null;
}

/**
 * CellsAlias records: the cells whose vtgates read from each other's replicas.
 */
export interface CellAliasRow {
  readonly alias: string;
  readonly cell: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Keyspace records. throttler_json: its ThrottlerConfig as JSON that compares as text, NULL where it has none. snapshot_time: of a SNAPSHOT.
 */
export interface KeyspaceRow {
  readonly keyspace: string;
  readonly keyspace_type: string;
  readonly base_keyspace: string;
  readonly durability_policy: string;
  readonly sidecar_db_name: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
  readonly throttler_json: string | null;
  readonly snapshot_time: number | null;
}

/**
 * Apps that the throttler of a keyspace slows down, by its Keyspace record (UpdateThrottlerConfig --throttle-app, ALTER VITESS_MIGRATION THROTTLE).
 * ratio: of their requests that are refused. expires_at: NULL: the rule has none. exempt = 1: it is never throttled instead.
 */
export interface ThrottledAppRow {
  readonly keyspace: string;
  readonly app: string;
  readonly ratio: number;
  readonly expires_at: number | null;
  readonly exempt: number;
  readonly key: string;
  readonly revision: number;
}

/**
 * Other Vitess clusters that this one reads from (Mount register).
 */
export interface ExternalClusterRow {
  readonly name: string;
  readonly topo_type: string;
  readonly server: string;
  readonly root: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Shard records. range_start, range_end: of the record, or as its name says where the record has none; without zero bytes at their end (0003 is 000300),
 * so that they compare as texts; empty: no bound.
 */
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

/**
 * Where VTOrc makes no emergency reparents (vtctldclient SetVtorcEmergencyReparent --disable): by the Shard record, or by the Keyspace record in all of
 * its shards (shard '').
 */
export interface EmergencyReparentOffRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * What a Shard record says that its primary is fed from, as before VReplication had rows of its own: with it the primary does not serve.
 */
export interface SourceShardRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly uid: number;
  readonly source_keyspace: string;
  readonly source_shard: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Records with a key range that is not that of their shard's name. record: shard or tablet. alias: '' of a shard. recorded, named: as a shard's name
 * would write them (-80); of a name without a range: -.
 */
export interface RangeMismatchRow {
  readonly record: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly alias: string;
  readonly recorded: string;
  readonly named: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * The tablet controls of the Shard records, one row per tablet type.
 */
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

/**
 * Tables that a tablet control denies: a primary refuses queries of them.
 */
export interface DeniedTableRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly tablet_type: string;
  readonly table_name: string;
}

/**
 * Tablet records. address: host:grpc_port, as in live_tablet. primary_term_start: NULL where it was never primary. started_at: of its vttablet
 * (Vitess 24; NULL before).
 */
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
  readonly started_at: number | null;
}

/**
 * The tablets that the ShardReplication record of a cell lists, and how often it lists each (listed).
 */
export interface ShardReplicationRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly alias: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
  readonly listed: number;
}

/**
 * One row per SrvKeyspace record, so that "no record" and "no partition" differ. throttler_json: as in keyspace; tablets of the cell heed this copy.
 */
export interface SrvKeyspaceRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
  readonly throttler_json: string | null;
}

/**
 * Which shards serve a tablet type, by the SrvKeyspace of a cell. range_start, range_end: as in shard.
 */
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

/**
 * The shard tablet controls of a SrvKeyspace. query_service_disabled = 1: the shard is not to serve this type there.
 */
export interface SrvControlRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly tablet_type: string;
  readonly shard: string;
  readonly query_service_disabled: number;
  readonly key: string;
  readonly revision: number;
}

/**
 * One row per SrvVSchema record: what the vtgates of a cell route by.
 */
export interface SrvVschemaRow {
  readonly cell: string;
  readonly server: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * scope: 'global' (the keyspace's VSchema record) or a cell (its copy in SrvVSchema).
 */
export interface VschemaTableRow {
  readonly scope: string;
  readonly keyspace: string;
  readonly table_name: string;
  readonly table_type: string;
}

/**
 * VSchemas. scope: as in vschema_table.
 */
export interface VschemaRow {
  readonly scope: string;
  readonly keyspace: string;
  readonly sharded: number;
  readonly body_json: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Routing rules. scope: as in vschema_table; from_table may name a keyspace and a tablet type (ks.table@replica). Rules for one name are one with all their targets: vtgate takes more than one for an error.
 */
export interface RoutingRuleRow {
  readonly scope: string;
  readonly from_table: string;
  readonly to_tables_json: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Shard routing rules: queries of a shard that go to another keyspace. scope: as in vschema_table.
 */
export interface ShardRoutingRuleRow {
  readonly scope: string;
  readonly from_keyspace: string;
  readonly shard: string;
  readonly to_keyspace: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Keyspace routing rules. scope: as in vschema_table.
 */
export interface KeyspaceRoutingRuleRow {
  readonly scope: string;
  readonly from_keyspace: string;
  readonly to_keyspace: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Mirror rules. percent: of the queries that also go to to_table. scope: as in vschema_table.
 */
export interface MirrorRuleRow {
  readonly scope: string;
  readonly from_table: string;
  readonly to_table: string;
  readonly percent: number;
  readonly key: string;
  readonly revision: number;
}

/**
 * kind: keyspace, shard, workflow (a named lock), routing_rules, other. holder = 1: the oldest key of its directory (the others wait).
 * age_s: since its lease was granted, or renewed, which takes no clock; where the lease is not known, by its text. skew_s: how much longer than that
 * by its text, which its holder's clock wrote; NULL where both agree within a minute, one is not known, or a renewal explains it.
 */
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
  readonly age_s: number | null;
  readonly skew_s: number | null;
  readonly revision: number;
}

/**
 * Keys under a root that are no record of Vitess's there, by the exact shape of their path (docs/vitess.md#directories). root: global, or the cell, that it
 * lies under. path: below that root. how:
 *   too-deep: directories more than in the path of a record (keyspaces/a/a/Keyspace); directory: up to the last of those that are too many
 *   wrong-root: a record of the global topology under a cell's root, or the other way round
 *   other: none of both
 * looks_like: the kind of record, '' for other. belongs: the key that it would be a record at; NULL where nobody can say. directory: of other, the
 * first below the root, or the one that it lies in where that is one of Vitess's. lease: '0' for none.
 */
export interface StrayKeyRow {
  readonly server: string;
  readonly key: string;
  readonly root: string;
  readonly path: string;
  readonly how: string;
  readonly looks_like: string;
  readonly belongs: string | null;
  readonly directory: string;
  readonly lease: string;
  readonly revision: number;
}

/**
 * Directories of keyspaces, and of shards, that have keys and no Keyspace or Shard record in the global topology. root: as in stray_key. shard: '' of a
 * keyspace. keys: below it, without locks that a lease ends (leased). kinds_json: what they are. revision: the highest of them.
 */
export interface UnrecordedDirectoryRow {
  readonly root: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly server: string;
  readonly directory: string;
  readonly keys: number;
  readonly leased: number;
  readonly kinds_json: string;
  readonly revision: number;
}

/**
 * What SET VITESS_METADATA wrote.
 */
export interface VitessMetadataRow {
  readonly name: string;
  readonly value: string;
}

/**
 * A deleted record that history still shows. kind: shard, tablet, shard_replication, keyspace, vschema, srv_keyspace. operation: cancel (a DropTargets lock
 * covered it), complete (DropSources), delete-shard, delete-tablet, delete-keyspace, other (a lock of another action), none (no lock explains it),
 * unknown (nobody knows which locks stood then). DeleteShard on the very shard goes before every other lock; a lock that was older by then than its
 * operation may take explains nothing, nor does the named lock of a workflow that the shard is not of. A key on a cell's own etcd goes with its shard's deletion, where a lock covered that.
 * detail_json: the decoded record.
 */
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

/**
 * A live process with what the topology says of it. same_cluster = 0: it was started with another topology (a clone, another cluster) and is
 * never called again. record: present, absent, unknown (its cell did not answer), other-address (the record names another process).
 */
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

/**
 * Each stream once: rows of the process whose engine owns them (PRIMARY, or the writable one). copies: how many replicas show the same row.
 * kind: Reshard, MoveTables, Materialize, CreateLookupIndex, Migrate, OnlineDDL. active = 1: neither Stopped nor Error. engine_state NULL: not in memory.
 */
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

/**
 * A source that could not be parsed: nothing may rest on it and nothing may rewrite it.
 */
export interface UnparsableSourceRow {
  readonly address: string;
  readonly id: number;
  readonly workflow: string;
  readonly message: string;
}

/**
 * The rules of a stream's BinlogSource, in its order.
 */
export interface StreamRuleRow {
  readonly address: string;
  readonly id: number;
  readonly ordinal: number;
  readonly match: string;
  readonly filter: string;
}

/**
 * Logical workflows (target keyspace, name). phase: copying, running, reads-switched, cutover (writes stopping, journal not written),
 * cutover-journaled, switched (writes), frozen-only, stopped, error, orphaned (no target shard record). migration: shards or tables.
 * migration_id: the journal id of its next switch (`HashStreams`). journal_found: that id is on a source.
 */
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

/**
 * What says that a workflow's traffic is on its targets, on its way there, or not on its sources; no rows: it is where it was before the workflow.
 * The phase weighs the same facts; one alone forbids a cancel. traffic: reads or writes. shard: keyspace/shard that it is about, '' where none. Of
 * a reverse workflow only what its own streams say: its targets serve before any switch. By kind, with what name, detail and alias say:
 *   journal: the id of its next switch (name) is in the journal of a source (alias)
 *   frozen: the stream (name) of a target's primary (alias) is FROZEN: writes were switched
 *   cutover-stop: the stream (name) was stopped for the cutover, which was begun
 *   reverse-running: a stream of the reverse workflow (name) runs on a source's primary (alias)
 *   target-serves, source-idle: is_primary_serving of a Shard record; key '' where there is no record
 *   to-target, off-source: the partition of a tablet type (name) in the SrvKeyspace of cell lists a target, or no target and not this source
 *   source-disabled: the query service of a tablet type (name) is disabled for a source in the SrvKeyspace of cell
 *   rule: the routing rule of name leads to detail (JSON); shard-rule, keyspace-rule: the rule of name leads to the keyspace detail. cell: '' or its
 *     copy in the SrvVSchema of cell
 *   source-denies: the Shard record of a source denies the table (name) to its primary
 */
export interface SwitchSignRow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly ordinal: number;
  readonly kind: string;
  readonly traffic: string;
  readonly shard: string;
  readonly alias: string;
  readonly cell: string;
  readonly name: string;
  readonly detail: string;
  readonly key: string;
  readonly revision: number;
}

/**
 * Which records tell where the traffic of a workflow goes, and to which side it has to lead by them: writes, replica, rdonly: source or target; '' where
 * nothing can be held to a side: a switch of writes stands between its steps, the records of reads differ, or the shape has none of its own.
 * What the records have to be follows in the views expected_routing, expected_denial and expected_serving (docs/vitess.md#movetables-records). shape:
 *   shards: a Reshard, by serving flags and SrvKeyspace
 *   tables: a MoveTables, by routing rules; writes until they are frozen, and reads, as most rules of its tables lead
 *   unrouted: a MoveTables without routing rules
 *   partial, multi-tenant: a MoveTables of some shards, of one tenant, by shard or keyspace routing rules
 *   external: a Migrate
 *   reverse: the way back of one of these, of which the workflow itself tells
 *   none: a Materialize, a lookup vindex, an Online DDL: never switched
 */
export interface WorkflowTrafficRow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly source_keyspace: string;
  readonly shape: string;
  readonly writes: string;
  readonly replica: string;
  readonly rdonly: string;
}

/**
 * The tables that a workflow names, as they are called on its targets; a pattern (a Reshard's) names none.
 */
export interface MovedTableRow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly table_name: string;
  readonly source_keyspace: string;
}

/**
 * Targets of a Reshard that a cancel dropped shard by shard, where it still has streams. fate: kept (with its record and streams, as it was), dropped
 * (no record, its tablets run), returned (its record was made anew since), silent (no record, and nothing of it answers). unsure = 1: a stream of the
 * workflow was created so shortly before the cancel's lock was taken that two hosts' clocks can not tell which was first.
 */
export interface CancelledTargetRow {
  readonly keyspace: string;
  readonly workflow: string;
  readonly shard: string;
  readonly fate: string;
  readonly deleted_revision: number | null;
  readonly unsure: number;
}

/**
 * Journals of switches, on the tablet of a source shard that was asked. workflow_keyspace, workflow: whose next switch would take it for its own, by
 * the id; '' where nobody's. outrun = 1: each stream of that workflow out of this shard copies, or runs beyond local_position, so it was not a
 * switch of this workflow that wrote it; 0: one does not; NULL: there is no stream, or positions can not be compared.
 */
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

/**
 * Shards that a journal names: side target (it went on to them, shard_gtids) or source (participants). migration: shards or tables.
 */
export interface JournalShardRow {
  readonly address: string;
  readonly id: string;
  readonly migration: string;
  readonly side: string;
  readonly keyspace: string;
  readonly shard: string;
}

/**
 * Tables that a journal names.
 */
export interface JournalTableRow {
  readonly address: string;
  readonly id: string;
  readonly table_name: string;
}

/**
 * Processes whose replication is not Vitess's affair: they were started with --unmanaged or --disable-active-reparents.
 */
export interface ExternalReplicationRow {
  readonly address: string;
}

/**
 * Replicas and rdonly tablets whose MySQL executed transactions that the MySQL of their shard's primary did not, by what both said in this look. Not
 * counted are those of the primary's own server, which goes on writing between the two answers. gtids: the set, without its flavour.
 * own = 1: some of them are of the replica's own server: it was written to.
 */
export interface ErrantGtidRow {
  readonly address: string;
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly primary_address: string;
  readonly gtids: string;
  readonly own: number;
}

/**
 * Key ranges that no shard, or more than one, serves as PRIMARY. kind: gap, overlap. basis: flags (Shard records) or cell name (SrvKeyspace).
 */
export interface RangeFaultRow {
  readonly keyspace: string;
  readonly basis: string;
  readonly kind: string;
  readonly range_start: string;
  readonly range_end: string;
  readonly shards_json: string;
}

/**
 * Base tables of which the primaries of a keyspace's serving shards have different definitions, one row for each shard that has one and whose tables
 * were read. Compared as SHOW CREATE TABLE has them, without AUTO_INCREMENT, display widths and the list of partitions, and only with shards
 * of the same series of MySQL. variant: 1 is the definition that most have; own_line, common_line: the first line of it that the commonest lacks,
 * and the other way round; '' where there is none.
 */
export interface TableVariantRow {
  readonly keyspace: string;
  readonly table_name: string;
  readonly shard: string;
  readonly address: string;
  readonly variant: number;
  readonly own_line: string;
  readonly common_line: string;
}

/**
 * Operations in flight: a lock younger than its action may plausibly take (docs/decisions.md#d11). An older lock is in topo_lock only and
 * hides nothing. since: by the lock's text. until: when the lock is too old, by age_s. age_s, skew_s: as in topo_lock.
 * other_keyspace: the other side of the workflow whose named lock it is; '' where there is none, or where no stream shows it.
 */
export interface OperationRow {
  readonly keyspace: string;
  readonly shard: string;
  readonly workflow: string;
  readonly action: string;
  readonly lock_key: string;
  readonly host_name: string;
  readonly since: number | null;
  readonly until: number;
  readonly age_s: number;
  readonly skew_s: number | null;
  readonly other_keyspace: string;
}

/**
 * What was asked and did not answer, in one list. domain: topology, cell, history, tablet, sidecar, schema, mysql. subject: 'global', cell, or address.
 * required = 1: the scan is incomplete without it.
 */
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

/**
 * Signs that this etcd was put back from an older backup (docs/decisions.md#d8): live processes or snapshots know more than the topology.
 */
export interface RestoredTopologyRow {
  readonly sign: string;
  readonly detail: string;
}

/**
 * Whether a tablet takes the queries that SrvKeyspace and shard routing rules send to a shard (docs/vitess.md#healthy-tablets). cell: whose vtgates ask;
 * '' for PRIMARY, which the vtgates of every cell may use, those of other types only in their own cell or cell alias. tablets_json: the aliases that
 * make the state so. disabled = 1: the SrvKeyspace that one of them reads disables its queries. state, the first that is so of one tablet:
 *   serving: answers as this type, serves, and is healthy
 *   silent: nobody knows: it gave no answer in time, was not asked, or its cell could not be read (detail)
 *   not-serving: answers and does not serve (detail: its own words)
 *   dead: nothing listens at the address of its record, or another tablet does
 *   stopped: its record is blank, as a clean stop leaves it
 *   none: there is no tablet of this type
 */
export interface ShardServingRow {
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly tablet_type: string;
  readonly state: string;
  readonly tablets_json: string;
  readonly detail: string;
  readonly disabled: number;
}

/**
 * Addresses where nothing listens: both ports of the vttablet, gRPC and HTTP, refused the connection, at every address of the host
 * (docs/safety.md#a-refused-connection).
 */
export interface ClosedAddressRow {
  readonly address: string;
}

/**
 * Where queries of a tablet type lead that a vtgate of a cell gets, and whether they are served, by vtgate's own reasoning (docs/vitess.md#query-routing).
 * Names that lead to the same keyspace in the same way are one row: names_json is {name as a client writes it: table that it leads to}, table and
 * keyspace.table. The view query_name has one row for each name. names = 0: a keyspace of which no table is known, by its shards alone. keyspace: where they lead; '' where nowhere. by_rule = 1: a routing rule says so.
 * shards_json: keyspace/shard of the shards that the reason is about. key, revision: of the record that decides it. verdict: served, unserved
 * (of PRIMARY also where only writes fail), ambiguous (vtgate refuses to choose), unknown. reason, '' where served:
 *   no-srvvschema: the cell has no SrvVSchema
 *   ambiguous-name: keyspaces that share the table name (detail)
 *   rule-targets: a routing rule with two targets, or two rules for one name
 *   rule-empty: a routing rule without target: the table is disabled
 *   rule-malformed: a routing rule whose target is no keyspace.table
 *   keyspace-missing: its SrvVSchema does not have the keyspace
 *   table-missing-in-vschema: the VSchema of a sharded keyspace does not have the table
 *   no-srvkeyspace: the cell has no SrvKeyspace of the keyspace
 *   type-unrouted: SrvKeyspace sends this tablet type to no shard
 *   many-shards: the VSchema says unsharded, and SrvKeyspace names several shards
 *   range-gap, range-overlap: keyspace ids of no shard, or of more than one (detail: the range)
 *   shard-missing: a shard without a record
 *   tablet-none, tablet-stopped, tablet-dead, tablet-not-serving, tablet-silent: the state in shard_serving of the worst of them
 *   denied: a shard denies the table to this type
 *   table-missing: a shard that was read does not have the table; schema-unread: none of those read lacks it, and others were not read
 *   lookup-missing, sequence-missing: the table of a lookup vindex, or a sequence (detail), leads nowhere or is not there: writes fail
 *   lookup-unserved, sequence-unserved: it is unserved for another reason
 *   cell-unread, keyspace-unread, undecodable: not seen: the cell's topology, a keyspace that the scan left out, a record that can not be decoded
 */
export interface QueryPathRow {
  readonly cell: string;
  readonly tablet_type: string;
  readonly ordinal: number;
  readonly keyspace: string;
  readonly by_rule: number;
  readonly verdict: string;
  readonly reason: string;
  readonly detail: string;
  readonly shards_json: string;
  readonly names: number;
  readonly names_json: string;
  readonly key: string;
  readonly revision: number;
}

export interface Rows {
  readonly meta: MetaRow;
  readonly topo_server: TopoServerRow;
  readonly topo_root: TopoRootRow;
  readonly topo_key: TopoKeyRow;
  readonly topo_lease: TopoLeaseRow;
  readonly topo_history: TopoHistoryRow;
  readonly topo_history_lock: TopoHistoryLockRow;
  readonly witness: WitnessRow;
  readonly probe: ProbeRow;
  readonly live_tablet: LiveTabletRow;
  readonly replication: ReplicationRow;
  readonly vreplication: VreplicationRow;
  readonly engine_stream: EngineStreamRow;
  readonly copy_state: CopyStateRow;
  readonly post_copy_action: PostCopyActionRow;
  readonly resharding_journal: ReshardingJournalRow;
  readonly vdiff: VdiffRow;
  readonly stray_row: StrayRowRow;
  readonly schema_migration: SchemaMigrationRow;
  readonly dt_state: DtStateRow;
  readonly redo_state: RedoStateRow;
  readonly internal_table: InternalTableRow;
  readonly live_table: LiveTableRow;
  readonly sequence_state: SequenceStateRow;
  readonly sidecar_schema: SidecarSchemaRow;
  readonly applied_denial: AppliedDenialRow;
  readonly live_trigger: LiveTriggerRow;
  readonly held_table: HeldTableRow;
  readonly undecodable_key: UndecodableKeyRow;
  readonly cell: CellRow;
  readonly cell_alias: CellAliasRow;
  readonly keyspace: KeyspaceRow;
  readonly throttled_app: ThrottledAppRow;
  readonly external_cluster: ExternalClusterRow;
  readonly shard: ShardRow;
  readonly emergency_reparent_off: EmergencyReparentOffRow;
  readonly source_shard: SourceShardRow;
  readonly range_mismatch: RangeMismatchRow;
  readonly tablet_control: TabletControlRow;
  readonly denied_table: DeniedTableRow;
  readonly tablet: TabletRow;
  readonly shard_replication: ShardReplicationRow;
  readonly srv_keyspace: SrvKeyspaceRow;
  readonly srv_partition: SrvPartitionRow;
  readonly srv_control: SrvControlRow;
  readonly srv_vschema: SrvVschemaRow;
  readonly vschema_table: VschemaTableRow;
  readonly vschema: VschemaRow;
  readonly routing_rule: RoutingRuleRow;
  readonly shard_routing_rule: ShardRoutingRuleRow;
  readonly keyspace_routing_rule: KeyspaceRoutingRuleRow;
  readonly mirror_rule: MirrorRuleRow;
  readonly topo_lock: TopoLockRow;
  readonly stray_key: StrayKeyRow;
  readonly unrecorded_directory: UnrecordedDirectoryRow;
  readonly vitess_metadata: VitessMetadataRow;
  readonly deletion: DeletionRow;
  readonly process: ProcessRow;
  readonly stream: StreamRow;
  readonly unparsable_source: UnparsableSourceRow;
  readonly stream_rule: StreamRuleRow;
  readonly workflow: WorkflowRow;
  readonly switch_sign: SwitchSignRow;
  readonly workflow_traffic: WorkflowTrafficRow;
  readonly moved_table: MovedTableRow;
  readonly cancelled_target: CancelledTargetRow;
  readonly journal: JournalRow;
  readonly journal_shard: JournalShardRow;
  readonly journal_table: JournalTableRow;
  readonly external_replication: ExternalReplicationRow;
  readonly errant_gtid: ErrantGtidRow;
  readonly range_fault: RangeFaultRow;
  readonly table_variant: TableVariantRow;
  readonly operation: OperationRow;
  readonly unanswered: UnansweredRow;
  readonly restored_topology: RestoredTopologyRow;
  readonly shard_serving: ShardServingRow;
  readonly closed_address: ClosedAddressRow;
  readonly query_path: QueryPathRow;
}

/**
 * Every table in the order of the schema. `key`: its primary key, by which its rows are ordered. `needs`: the domain of `unanswered`
 * without which a row may be missing from it; null: it is always there.
 */
export const TABLES = {
  meta: { part: "facts", key: ["name"], needs: null },
  topo_server: { part: "facts", key: ["server"], needs: "topology" },
  topo_root: { part: "facts", key: ["name"], needs: "topology" },
  topo_key: { part: "facts", key: ["server","key"], needs: "topology" },
  topo_lease: { part: "facts", key: ["server","lease"], needs: "topology" },
  topo_history: { part: "facts", key: ["server","key","deleted_revision"], needs: "history" },
  topo_history_lock: { part: "facts", key: ["server","deleted_revision","key"], needs: "history" },
  witness: { part: "facts", key: ["source","detail","address"], needs: "tablet" },
  probe: { part: "facts", key: ["address","channel"], needs: "tablet" },
  live_tablet: { part: "facts", key: ["address"], needs: "tablet" },
  replication: { part: "facts", key: ["address"], needs: "tablet" },
  vreplication: { part: "facts", key: ["address","channel","id"], needs: "sidecar" },
  engine_stream: { part: "facts", key: ["address","id"], needs: "tablet" },
  copy_state: { part: "facts", key: ["address","vrepl_id","table_name"], needs: "sidecar" },
  post_copy_action: { part: "facts", key: ["address","id"], needs: "sidecar" },
  resharding_journal: { part: "facts", key: ["address","id"], needs: "sidecar" },
  vdiff: { part: "facts", key: ["address","id"], needs: "sidecar" },
  stray_row: { part: "facts", key: ["address","table_name","parent_id"], needs: "sidecar" },
  schema_migration: { part: "facts", key: ["address","uuid"], needs: "sidecar" },
  dt_state: { part: "facts", key: ["address","dtid"], needs: "sidecar" },
  redo_state: { part: "facts", key: ["address","dtid"], needs: "sidecar" },
  internal_table: { part: "facts", key: ["address","db_name","table_name"], needs: "sidecar" },
  live_table: { part: "facts", key: ["address","db_name","table_name"], needs: "schema" },
  sequence_state: { part: "facts", key: ["address","db_name","table_name"], needs: "schema" },
  sidecar_schema: { part: "facts", key: ["address","schema_name"], needs: "sidecar" },
  applied_denial: { part: "facts", key: ["address","table_name"], needs: "tablet" },
  live_trigger: { part: "facts", key: ["address","db_name","trigger_name"], needs: "schema" },
  held_table: { part: "facts", key: ["address","hold_schema","table_name"], needs: "sidecar" },
  undecodable_key: { part: "derived", key: ["server","key"], needs: null },
  cell: { part: "derived", key: ["cell"], needs: null },
  cell_alias: { part: "derived", key: ["alias","cell"], needs: null },
  keyspace: { part: "derived", key: ["keyspace"], needs: null },
  throttled_app: { part: "derived", key: ["keyspace","app"], needs: null },
  external_cluster: { part: "derived", key: ["name"], needs: null },
  shard: { part: "derived", key: ["keyspace","shard"], needs: null },
  emergency_reparent_off: { part: "derived", key: ["keyspace","shard"], needs: null },
  source_shard: { part: "derived", key: ["keyspace","shard","uid"], needs: null },
  range_mismatch: { part: "derived", key: ["record","keyspace","shard","alias"], needs: null },
  tablet_control: { part: "derived", key: ["keyspace","shard","tablet_type"], needs: null },
  denied_table: { part: "derived", key: ["keyspace","shard","tablet_type","table_name"], needs: null },
  tablet: { part: "derived", key: ["alias"], needs: null },
  shard_replication: { part: "derived", key: ["cell","keyspace","shard","alias"], needs: null },
  srv_keyspace: { part: "derived", key: ["cell","keyspace"], needs: null },
  srv_partition: { part: "derived", key: ["cell","keyspace","tablet_type","shard"], needs: null },
  srv_control: { part: "derived", key: ["cell","keyspace","tablet_type","shard"], needs: null },
  srv_vschema: { part: "derived", key: ["cell"], needs: null },
  vschema_table: { part: "derived", key: ["scope","keyspace","table_name"], needs: null },
  vschema: { part: "derived", key: ["scope","keyspace"], needs: null },
  routing_rule: { part: "derived", key: ["scope","from_table"], needs: null },
  shard_routing_rule: { part: "derived", key: ["scope","from_keyspace","shard"], needs: null },
  keyspace_routing_rule: { part: "derived", key: ["scope","from_keyspace"], needs: null },
  mirror_rule: { part: "derived", key: ["scope","from_table"], needs: null },
  topo_lock: { part: "derived", key: ["server","key"], needs: null },
  stray_key: { part: "derived", key: ["server","key"], needs: null },
  unrecorded_directory: { part: "derived", key: ["root","keyspace","shard"], needs: null },
  vitess_metadata: { part: "derived", key: ["name"], needs: null },
  deletion: { part: "derived", key: ["server","key","deleted_revision"], needs: null },
  process: { part: "derived", key: ["address"], needs: null },
  stream: { part: "derived", key: ["address","id"], needs: null },
  unparsable_source: { part: "derived", key: ["address","id"], needs: null },
  stream_rule: { part: "derived", key: ["address","id","ordinal"], needs: null },
  workflow: { part: "derived", key: ["keyspace","workflow"], needs: null },
  switch_sign: { part: "derived", key: ["keyspace","workflow","ordinal"], needs: null },
  workflow_traffic: { part: "derived", key: ["keyspace","workflow"], needs: null },
  moved_table: { part: "derived", key: ["keyspace","workflow","table_name"], needs: null },
  cancelled_target: { part: "derived", key: ["keyspace","workflow","shard"], needs: null },
  journal: { part: "derived", key: ["address","id"], needs: null },
  journal_shard: { part: "derived", key: ["address","id","side","keyspace","shard"], needs: null },
  journal_table: { part: "derived", key: ["address","id","table_name"], needs: null },
  external_replication: { part: "derived", key: ["address"], needs: null },
  errant_gtid: { part: "derived", key: ["address"], needs: null },
  range_fault: { part: "derived", key: ["keyspace","basis","kind","range_start","range_end"], needs: null },
  table_variant: { part: "derived", key: ["keyspace","table_name","shard"], needs: null },
  operation: { part: "derived", key: ["lock_key"], needs: null },
  unanswered: { part: "derived", key: ["domain","subject"], needs: null },
  restored_topology: { part: "derived", key: ["sign"], needs: null },
  shard_serving: { part: "derived", key: ["keyspace","shard","tablet_type","cell"], needs: null },
  closed_address: { part: "derived", key: ["address"], needs: null },
  query_path: { part: "derived", key: ["cell","tablet_type","ordinal"], needs: null },
} as const satisfies { readonly [T in keyof Rows]: { readonly part: string; readonly key: readonly (keyof Rows[T])[]; readonly needs: string | null } };

/** Questions to one address, by the domain of `unanswered` that they answer for, the telling ones first. */
export const CHANNELS = {
  tablet: ["health","vars","status","queryRules"],
  sidecar: ["streams","copyState","postCopyActions","journals","vdiffs","strayRows","migrations","transactions","redos","internalTables","holds","mysqlPort"],
  schema: ["schema","triggers","sequences"],
  mysql: ["mysql","mysqlStatus"],
} as const;
