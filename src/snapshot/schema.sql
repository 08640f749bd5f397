-- The snapshot of one cluster. FACTS are what was seen, byte for byte; everything below DERIVED is computed from them by
-- src/snapshot/derive, is never saved as truth, and is built again whenever a snapshot is opened.
-- Times are unix seconds unless a column says _ms. Revisions are etcd's. Lease and journal ids are text (int64).
-- Key range bounds are lower-case hex; '' is the minimum or the maximum. Tablet types are upper case. JSON columns end in _json.

-- ---------------------------------------------------------------- FACTS

-- What the snapshot is, by name:
--   schema: the version of this file
--   vtdoctor: the version that took the snapshot
--   taken_at_ms, first_seen_at_ms: when it was taken, and when the first of two looks was (else the same)
--   global_server, global_root: as vtdoctor was given them
--   sources_json: which witnesses were asked
--   keyspaces_json, cells_json: the filters; empty: all
--   moved_keys_json: the {server, key} that changed while the tablets answered; topo_key has their newer state
--   earlier_revisions_json: {server: the highest revision that an earlier snapshot saw}
--   settled_ids_json: {id: unix milliseconds} of what the look before showed already, which may be an earlier scan, and since when all looks
--     without a gap of an hour showed it; absent after a single one
--   not_asked_json: tables, and columns as table.column, of an older vtdoctor's snapshot that it did not ask for; unanswered lists them
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- One row per distinct etcd cluster, under the first spelling of its address list, and one per other spelling that a tablet was started
-- with, if it answered. A server of cells that --cell leaves out has none. horizon: the oldest revision that could still be read.
-- cluster_id: etcd's own, which clusters that were configured alike share; `ID at SERVER` where a tablet's server says the global one's id
-- but holds other keys. answered = 1 with a reason: only its history could not be read, or not to its end.
-- needs: topology
CREATE TABLE topo_server (
  server TEXT PRIMARY KEY, cluster_id TEXT, version TEXT, revision INTEGER, horizon INTEGER,
  answered INTEGER NOT NULL, reason TEXT, message TEXT
) STRICT, WITHOUT ROWID;

-- name: 'global', or a cell's. Cells come from CellInfo.
-- needs: topology
CREATE TABLE topo_root (name TEXT PRIMARY KEY, server TEXT NOT NULL, root TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Every key under every root, with its bytes.
-- needs: topology
CREATE TABLE topo_key (
  server TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL, version INTEGER NOT NULL, lease TEXT NOT NULL,
  PRIMARY KEY (server, key)
) STRICT, WITHOUT ROWID;

-- The leases of lock keys. ttl: seconds that were left; granted_ttl: seconds that it was granted for.
-- needs: topology
CREATE TABLE topo_lease (
  server TEXT NOT NULL, lease TEXT NOT NULL, ttl INTEGER NOT NULL, granted_ttl INTEGER NOT NULL, PRIMARY KEY (server, lease)
) STRICT, WITHOUT ROWID;

-- Keys that etcd's history shows and that were deleted (also where a key of that name exists again: recreated = 1).
-- value: the last bytes before the deletion; deleted_revision: the revision of the deletion itself. locks_known = 0: which locks stood then
-- could not be read (compacted, budget), or they live on another etcd than the key. Of a CellInfo also what was written over (recreated = 1):
-- deleted_revision is then the revision of the next write.
-- needs: history
CREATE TABLE topo_history (
  server TEXT NOT NULL, key TEXT NOT NULL, deleted_revision INTEGER NOT NULL, value BLOB NOT NULL,
  create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL, recreated INTEGER NOT NULL, locks_known INTEGER NOT NULL,
  PRIMARY KEY (server, key, deleted_revision)
) STRICT, WITHOUT ROWID;

-- Lock keys that existed at deleted_revision - 1 (docs/decisions.md#d8), with their JSON.
-- needs: history
CREATE TABLE topo_history_lock (
  server TEXT NOT NULL, deleted_revision INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, mod_revision INTEGER NOT NULL,
  PRIMARY KEY (server, deleted_revision, key)
) STRICT, WITHOUT ROWID;

-- Where a tablet may be running, and who said so. source: topology, history, inventory, snapshot, replica.
-- required: its silence makes the scan incomplete (an address known from history alone is not; docs/decisions.md#d7).
-- needs: tablet
CREATE TABLE witness (
  source TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL, alias TEXT,
  host TEXT NOT NULL, grpc_port INTEGER NOT NULL, http_port INTEGER NOT NULL, mysql_host TEXT NOT NULL, mysql_port INTEGER NOT NULL,
  required INTEGER NOT NULL, PRIMARY KEY (source, detail, address)
) STRICT, WITHOUT ROWID;

-- One row per question to one address. A question that was not asked has no row. channel, by the domain of unanswered that it answers for,
-- the telling ones first:
--   tablet: health, vars, status, queryRules
--   sidecar: streams, copyState, postCopyActions, journals, vdiffs, strayRows, migrations, transactions, redos, internalTables, holds, mysqlPort
--   schema: schema, triggers, sequences
--   mysql: mysql, mysqlStatus
-- needs: tablet
CREATE TABLE probe (
  address TEXT NOT NULL, channel TEXT NOT NULL, answered INTEGER NOT NULL, reason TEXT, message TEXT, required INTEGER NOT NULL,
  observed_at_ms INTEGER NOT NULL, PRIMARY KEY (address, channel)
) STRICT, WITHOUT ROWID;

-- A process that answered at an address, in its own words (StreamHealth, /debug/vars, FullStatus; columns of a question that was not
-- answered are NULL). address = host:grpc_port, or mysql://host:port where only MySQL answered. mysql_port: @@port, asked of processes
-- without a Tablet record only.
-- needs: tablet
CREATE TABLE live_tablet (
  address TEXT PRIMARY KEY, alias TEXT, keyspace TEXT, shard TEXT, type TEXT, serving INTEGER, term_start INTEGER, health_error TEXT,
  state_name TEXT, build_version TEXT, key_range_start TEXT, key_range_end TEXT, topo_server TEXT, topo_root TEXT, command_line_json TEXT,
  vstreamers INTEGER,
  server_uuid TEXT, server_version TEXT, read_only INTEGER, super_read_only INTEGER, position TEXT,
  mysql_port INTEGER, source_host TEXT, source_port INTEGER, io_state INTEGER, sql_state INTEGER, replication_error TEXT,
  observed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How the MySQL behind a vttablet replicates, beyond live_tablet (FullStatus). source_uuid: of the server that it replicates from; '' where it does not,
-- or never reached it. backup_running = 1: a backup may have stopped its replication (0 before Vitess 22). heartbeat_interval, replica_net_timeout:
-- seconds; NULL where it does not replicate, and before Vitess 20. semi_sync_source, semi_sync_replica: it is set to wait for replicas, and to
-- acknowledge to its source. Of a source: semi_sync_waits = 1: its commits wait for semi_sync_wait_count replicas (0: it is not set so, or gave up
-- waiting); semi_sync_clients: replicas that are connected and acknowledge; semi_sync_blocked = 1: every write hangs for them (0 before Vitess 22).
-- needs: tablet
CREATE TABLE replication (
  address TEXT PRIMARY KEY, server_id INTEGER NOT NULL, source_uuid TEXT NOT NULL, backup_running INTEGER NOT NULL,
  heartbeat_interval REAL, replica_net_timeout INTEGER,
  semi_sync_source INTEGER NOT NULL, semi_sync_replica INTEGER NOT NULL, semi_sync_waits INTEGER NOT NULL, semi_sync_wait_count INTEGER NOT NULL,
  semi_sync_clients INTEGER NOT NULL, semi_sync_blocked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows of _vt.vreplication. channel: grpc or mysql. time_updated is normalised to unix seconds. created_at: of the stream, by
-- _vt.vreplication_log, the newest row of its id. log_*: the newest row of the stream there; a message that comes again at once only raises
-- log_count and log_updated_at (vreplication/utils.go insertLog). log_message: its first 1000 characters, '' of the row of a creation.
-- Absent columns are NULL.
-- needs: sidecar
CREATE TABLE vreplication (
  address TEXT NOT NULL, channel TEXT NOT NULL, id INTEGER NOT NULL, workflow TEXT NOT NULL, db_name TEXT NOT NULL, source TEXT NOT NULL,
  pos TEXT, stop_pos TEXT, state TEXT NOT NULL, message TEXT, cell TEXT, tablet_types TEXT, time_updated INTEGER,
  transaction_timestamp INTEGER, time_heartbeat INTEGER, rows_copied INTEGER, workflow_type INTEGER, workflow_sub_type INTEGER,
  defer_secondary_keys INTEGER, options TEXT, tags TEXT, max_tps TEXT, max_replication_lag TEXT, created_at INTEGER,
  time_throttled INTEGER, component_throttled TEXT, reason_throttled TEXT,
  log_type TEXT, log_state TEXT, log_message TEXT, log_count INTEGER, log_created_at INTEGER, log_updated_at INTEGER, observed_at INTEGER NOT NULL,
  PRIMARY KEY (address, channel, id)
) STRICT, WITHOUT ROWID;

-- Streams that the engine has in memory (/debug/vars). rowless_ms: the engine had the stream, and _vt.vreplication no row of its id, in two looks
-- of the same process so many milliseconds apart; NULL: it has a row, or the second look did not show the same.
-- needs: tablet
CREATE TABLE engine_stream (
  address TEXT NOT NULL, id INTEGER NOT NULL, workflow TEXT NOT NULL, state TEXT NOT NULL, source TEXT, source_tablet TEXT,
  last_message TEXT, heartbeat INTEGER, rowless_ms INTEGER, PRIMARY KEY (address, id)
) STRICT, WITHOUT ROWID;

-- Tables that a stream still copies (rows of _vt.copy_state).
-- needs: sidecar
CREATE TABLE copy_state (address TEXT NOT NULL, vrepl_id INTEGER NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (address, vrepl_id, table_name)) STRICT, WITHOUT ROWID;
-- What a stream has to do at the end of its copy, such as secondary keys that it put off (rows of _vt.post_copy_action). copying = 1:
-- _vt.copy_state had a row of the same stream and table then.
-- needs: sidecar
CREATE TABLE post_copy_action (
  address TEXT NOT NULL, id INTEGER NOT NULL, vrepl_id INTEGER NOT NULL, table_name TEXT NOT NULL, action_json TEXT NOT NULL, copying INTEGER,
  PRIMARY KEY (address, id)
) STRICT, WITHOUT ROWID;
-- Journals of switches of traffic (rows of _vt.resharding_journal). val: the Journal as prototext.
-- needs: sidecar
CREATE TABLE resharding_journal (address TEXT NOT NULL, id TEXT NOT NULL, db_name TEXT NOT NULL, val TEXT NOT NULL, PRIMARY KEY (address, id)) STRICT, WITHOUT ROWID;
-- VDiffs (rows of _vt.vdiff). updated_at: when a row of it in _vt.vdiff_table last changed; vttablet itself never writes a liveness of it. Times
-- here and in the tables below, observed_at too, are of the MySQL's own clock.
-- needs: sidecar
CREATE TABLE vdiff (
  address TEXT NOT NULL, id INTEGER NOT NULL, vdiff_uuid TEXT, workflow TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL,
  db_name TEXT, state TEXT, created_at INTEGER, started_at INTEGER, updated_at INTEGER, completed_at INTEGER, last_error TEXT, observed_at INTEGER,
  PRIMARY KEY (address, id)
) STRICT, WITHOUT ROWID;
-- How many rows of a sidecar table belong to a parent that is gone: of copy_state and post_copy_action a stream, of vdiff_table a VDiff.
-- vreplication_log: only where it is longer than a million rows, by its ids, with parent_id 0.
-- needs: sidecar
CREATE TABLE stray_row (
  address TEXT NOT NULL, table_name TEXT NOT NULL, parent_id INTEGER NOT NULL, row_count INTEGER NOT NULL, PRIMARY KEY (address, table_name, parent_id)
) STRICT, WITHOUT ROWID;
-- Online DDL (rows of _vt.schema_migrations): all that are not over or not cleaned up, and the others of the last 30 days. artifacts: the names of
-- its tables, each with a comma behind. shape: a checksum of the table's columns and keys as they are now, alike where two tables are; NULL: there is no
-- such table.
-- needs: sidecar
CREATE TABLE schema_migration (
  address TEXT NOT NULL, uuid TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, db_name TEXT NOT NULL, table_name TEXT NOT NULL,
  strategy TEXT NOT NULL, options TEXT NOT NULL, ddl_action TEXT NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL, tablet TEXT NOT NULL, retries INTEGER NOT NULL,
  postpone_launch INTEGER NOT NULL, postpone_completion INTEGER NOT NULL, ready_to_complete INTEGER NOT NULL,
  added_at INTEGER, requested_at INTEGER, ready_at INTEGER, started_at INTEGER, liveness_at INTEGER, ready_to_complete_at INTEGER, completed_at INTEGER,
  cleanup_at INTEGER, artifacts TEXT NOT NULL, message TEXT NOT NULL, shape TEXT, observed_at INTEGER NOT NULL, PRIMARY KEY (address, uuid)
) STRICT, WITHOUT ROWID;
-- Distributed transactions on the shard that decides them, a minute old and older (rows of _vt.dt_state). state: 1 is PREPARE in every version;
-- up to v20 2 is COMMIT and 3 ROLLBACK, from v21 on 2 is ROLLBACK and 3 COMMIT. participants: keyspace/shard, joined by commas.
-- needs: sidecar
CREATE TABLE dt_state (
  address TEXT NOT NULL, dtid TEXT NOT NULL, state INTEGER NOT NULL, participants TEXT NOT NULL, created_at INTEGER NOT NULL, observed_at INTEGER NOT NULL,
  PRIMARY KEY (address, dtid)
) STRICT, WITHOUT ROWID;
-- What a shard has prepared of distributed transactions (rows of _vt.redo_state), a minute old and older, and those that failed. state: 0 failed,
-- 1 prepared. message: since v21.
-- needs: sidecar
CREATE TABLE redo_state (
  address TEXT NOT NULL, dtid TEXT NOT NULL, state INTEGER NOT NULL, message TEXT, statements INTEGER NOT NULL, created_at INTEGER NOT NULL, observed_at INTEGER NOT NULL,
  PRIMARY KEY (address, dtid)
) STRICT, WITHOUT ROWID;
-- Tables and views under names of Vitess's own, of every user database: those that it is about to drop, and shadow tables of Online DDL.
-- needs: sidecar
CREATE TABLE internal_table (
  address TEXT NOT NULL, db_name TEXT NOT NULL, table_name TEXT NOT NULL, table_type TEXT NOT NULL, bytes INTEGER, observed_at INTEGER NOT NULL,
  PRIMARY KEY (address, db_name, table_name)
) STRICT, WITHOUT ROWID;
-- Tables and views of the tablet's own database (GetSchema). table_type: BASE TABLE or VIEW.
-- needs: schema
CREATE TABLE live_table (
  address TEXT NOT NULL, db_name TEXT NOT NULL, table_name TEXT NOT NULL, table_type TEXT NOT NULL, definition TEXT NOT NULL,
  data_length INTEGER NOT NULL, row_count INTEGER NOT NULL, PRIMARY KEY (address, db_name, table_name)
) STRICT, WITHOUT ROWID;
-- Rows of sequence tables: of those that the VSchema of their keyspace calls sequences and the primary has, with the columns of one. Without a row
-- where the table has none of id 0.
-- needs: schema
CREATE TABLE sequence_state (address TEXT NOT NULL, db_name TEXT NOT NULL, table_name TEXT NOT NULL, next_id TEXT NOT NULL, cache TEXT NOT NULL, PRIMARY KEY (address, db_name, table_name)) STRICT, WITHOUT ROWID;
-- Databases of a primary's MySQL that have a table vreplication: the sidecar databases of the keyspaces that live there.
-- needs: sidecar
CREATE TABLE sidecar_schema (address TEXT NOT NULL, schema_name TEXT NOT NULL, PRIMARY KEY (address, schema_name)) STRICT, WITHOUT ROWID;
-- Tables that the process of a primary refuses queries of (/debug/query_rules, the rules named DenyListQueryRules): those of its Shard record when it
-- last read that, as far as they existed. Asked where the tables are, and where there is a journal; a process that shows its rules to nobody has no
-- probe of it.
-- needs: tablet
CREATE TABLE applied_denial (address TEXT NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (address, table_name)) STRICT, WITHOUT ROWID;
-- Triggers of every database but sys.
-- needs: schema
CREATE TABLE live_trigger (address TEXT NOT NULL, db_name TEXT NOT NULL, trigger_name TEXT NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (address, db_name, trigger_name)) STRICT, WITHOUT ROWID;
-- Tables that an earlier `fix` or `cancel` moved aside (docs/decisions.md#d18).
-- Bytes and rows as MySQL estimates them; NULL where it does not say.
-- needs: sidecar
CREATE TABLE held_table (address TEXT NOT NULL, hold_schema TEXT NOT NULL, table_name TEXT NOT NULL, row_count INTEGER, bytes INTEGER, PRIMARY KEY (address, hold_schema, table_name)) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- DERIVED: records, decoded

-- Keys whose bytes are not the record that their path says. kind: the record; message: why it can not be read.
CREATE TABLE undecodable_key (server TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (server, key)) STRICT, WITHOUT ROWID;
-- CellInfo records. answered = 1: the etcd that holds the cell's root was read to its end. old_server, old_root: what it named last before it named
-- these, and changed_revision: since when; NULL: it never named others, or etcd's history does not go back to it.
CREATE TABLE cell (
  cell TEXT PRIMARY KEY, server TEXT NOT NULL, root TEXT NOT NULL, answered INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,
  old_server TEXT, old_root TEXT, changed_revision INTEGER
) STRICT, WITHOUT ROWID;
-- CellsAlias records: the cells whose vtgates read from each other's replicas.
CREATE TABLE cell_alias (alias TEXT NOT NULL, cell TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (alias, cell)) STRICT, WITHOUT ROWID;
-- Keyspace records. throttler_json: its ThrottlerConfig as JSON that compares as text, NULL where it has none. snapshot_time: of a SNAPSHOT.
CREATE TABLE keyspace (
  keyspace TEXT PRIMARY KEY, keyspace_type TEXT NOT NULL, base_keyspace TEXT NOT NULL, durability_policy TEXT NOT NULL, sidecar_db_name TEXT NOT NULL,
  server TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, throttler_json TEXT, snapshot_time INTEGER
) STRICT, WITHOUT ROWID;
-- Apps that the throttler of a keyspace slows down, by its Keyspace record (UpdateThrottlerConfig --throttle-app, ALTER VITESS_MIGRATION THROTTLE).
-- ratio: of their requests that are refused. expires_at: NULL: the rule has none. exempt = 1: it is never throttled instead.
CREATE TABLE throttled_app (
  keyspace TEXT NOT NULL, app TEXT NOT NULL, ratio REAL NOT NULL, expires_at INTEGER, exempt INTEGER NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (keyspace, app)
) STRICT, WITHOUT ROWID;
-- Other Vitess clusters that this one reads from (Mount register).
CREATE TABLE external_cluster (name TEXT PRIMARY KEY, topo_type TEXT NOT NULL, server TEXT NOT NULL, root TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Shard records. range_start, range_end: of the record, or as its name says where the record has none; without zero bytes at their end (0003 is 000300),
-- so that they compare as texts; empty: no bound.
CREATE TABLE shard (
  keyspace TEXT NOT NULL, shard TEXT NOT NULL, range_start TEXT NOT NULL, range_end TEXT NOT NULL, primary_alias TEXT, primary_term_start INTEGER,
  is_primary_serving INTEGER NOT NULL, server TEXT NOT NULL, key TEXT NOT NULL, create_revision INTEGER NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (keyspace, shard)
) STRICT, WITHOUT ROWID;
-- Where VTOrc makes no emergency reparents (vtctldclient SetVtorcEmergencyReparent --disable): by the Shard record, or by the Keyspace record in all of
-- its shards (shard '').
CREATE TABLE emergency_reparent_off (
  keyspace TEXT NOT NULL, shard TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (keyspace, shard)
) STRICT, WITHOUT ROWID;
-- What a Shard record says that its primary is fed from, as before VReplication had rows of its own: with it the primary does not serve.
CREATE TABLE source_shard (
  keyspace TEXT NOT NULL, shard TEXT NOT NULL, uid INTEGER NOT NULL, source_keyspace TEXT NOT NULL, source_shard TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (keyspace, shard, uid)
) STRICT, WITHOUT ROWID;
-- Records with a key range that is not that of their shard's name. record: shard or tablet. alias: '' of a shard. recorded, named: as a shard's name
-- would write them (-80); of a name without a range: -.
CREATE TABLE range_mismatch (
  record TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, alias TEXT NOT NULL, recorded TEXT NOT NULL, named TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (record, keyspace, shard, alias)
) STRICT, WITHOUT ROWID;
-- The tablet controls of the Shard records, one row per tablet type.
CREATE TABLE tablet_control (
  keyspace TEXT NOT NULL, shard TEXT NOT NULL, tablet_type TEXT NOT NULL, cells_json TEXT NOT NULL, frozen INTEGER NOT NULL, denied_tables_json TEXT NOT NULL,
  key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (keyspace, shard, tablet_type)
) STRICT, WITHOUT ROWID;
-- Tables that a tablet control denies: a primary refuses queries of them.
CREATE TABLE denied_table (keyspace TEXT NOT NULL, shard TEXT NOT NULL, tablet_type TEXT NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (keyspace, shard, tablet_type, table_name)) STRICT, WITHOUT ROWID;
-- Tablet records. address: host:grpc_port, as in live_tablet. primary_term_start: NULL where it was never primary. started_at: of its vttablet
-- (Vitess 24; NULL before).
CREATE TABLE tablet (
  alias TEXT PRIMARY KEY, cell TEXT NOT NULL, uid INTEGER NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, type TEXT NOT NULL, hostname TEXT NOT NULL,
  grpc_port INTEGER NOT NULL, http_port INTEGER NOT NULL, mysql_host TEXT NOT NULL, mysql_port INTEGER NOT NULL, db_name TEXT NOT NULL,
  primary_term_start INTEGER, shut_down_at INTEGER, tags_json TEXT NOT NULL, address TEXT NOT NULL,
  server TEXT NOT NULL, key TEXT NOT NULL, create_revision INTEGER NOT NULL, revision INTEGER NOT NULL, started_at INTEGER
) STRICT, WITHOUT ROWID;
-- The tablets that the ShardReplication record of a cell lists, and how often it lists each (listed).
CREATE TABLE shard_replication (
  cell TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, alias TEXT NOT NULL, server TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, listed INTEGER NOT NULL,
  PRIMARY KEY (cell, keyspace, shard, alias)
) STRICT, WITHOUT ROWID;
-- One row per SrvKeyspace record, so that "no record" and "no partition" differ. throttler_json: as in keyspace; tablets of the cell heed this copy.
CREATE TABLE srv_keyspace (cell TEXT NOT NULL, keyspace TEXT NOT NULL, server TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, throttler_json TEXT, PRIMARY KEY (cell, keyspace)) STRICT, WITHOUT ROWID;
-- Which shards serve a tablet type, by the SrvKeyspace of a cell. range_start, range_end: as in shard.
CREATE TABLE srv_partition (
  cell TEXT NOT NULL, keyspace TEXT NOT NULL, tablet_type TEXT NOT NULL, shard TEXT NOT NULL, range_start TEXT NOT NULL, range_end TEXT NOT NULL,
  key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (cell, keyspace, tablet_type, shard)
) STRICT, WITHOUT ROWID;
-- The shard tablet controls of a SrvKeyspace. query_service_disabled = 1: the shard is not to serve this type there.
CREATE TABLE srv_control (
  cell TEXT NOT NULL, keyspace TEXT NOT NULL, tablet_type TEXT NOT NULL, shard TEXT NOT NULL, query_service_disabled INTEGER NOT NULL,
  key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (cell, keyspace, tablet_type, shard)
) STRICT, WITHOUT ROWID;
-- One row per SrvVSchema record: what the vtgates of a cell route by.
CREATE TABLE srv_vschema (cell TEXT PRIMARY KEY, server TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- scope: 'global' (the keyspace's VSchema record) or a cell (its copy in SrvVSchema).
CREATE TABLE vschema_table (scope TEXT NOT NULL, keyspace TEXT NOT NULL, table_name TEXT NOT NULL, table_type TEXT NOT NULL, PRIMARY KEY (scope, keyspace, table_name)) STRICT, WITHOUT ROWID;
-- VSchemas. scope: as in vschema_table.
CREATE TABLE vschema (scope TEXT NOT NULL, keyspace TEXT NOT NULL, sharded INTEGER NOT NULL, body_json TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (scope, keyspace)) STRICT, WITHOUT ROWID;
-- Routing rules. scope: as in vschema_table; from_table may name a keyspace and a tablet type (ks.table@replica). Rules for one name are one with all their targets: vtgate takes more than one for an error.
CREATE TABLE routing_rule (scope TEXT NOT NULL, from_table TEXT NOT NULL, to_tables_json TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (scope, from_table)) STRICT, WITHOUT ROWID;
-- Shard routing rules: queries of a shard that go to another keyspace. scope: as in vschema_table.
CREATE TABLE shard_routing_rule (scope TEXT NOT NULL, from_keyspace TEXT NOT NULL, shard TEXT NOT NULL, to_keyspace TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (scope, from_keyspace, shard)) STRICT, WITHOUT ROWID;
-- Keyspace routing rules. scope: as in vschema_table.
CREATE TABLE keyspace_routing_rule (scope TEXT NOT NULL, from_keyspace TEXT NOT NULL, to_keyspace TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (scope, from_keyspace)) STRICT, WITHOUT ROWID;
-- Mirror rules. percent: of the queries that also go to to_table. scope: as in vschema_table.
CREATE TABLE mirror_rule (scope TEXT NOT NULL, from_table TEXT NOT NULL, to_table TEXT NOT NULL, percent REAL NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (scope, from_table)) STRICT, WITHOUT ROWID;
-- kind: keyspace, shard, workflow (a named lock), routing_rules, other. holder = 1: the oldest key of its directory (the others wait).
-- age_s: since its lease was granted, or renewed, which takes no clock; where the lease is not known, by its text. skew_s: how much longer than that
-- by its text, which its holder's clock wrote; NULL where both agree within a minute, one is not known, or a renewal explains it.
CREATE TABLE topo_lock (
  server TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, keyspace TEXT, shard TEXT, workflow TEXT, lease TEXT NOT NULL, holder INTEGER NOT NULL,
  action TEXT NOT NULL, host_name TEXT NOT NULL, user_name TEXT NOT NULL, taken_at INTEGER, ttl INTEGER, granted_ttl INTEGER,
  age_s INTEGER, skew_s INTEGER, revision INTEGER NOT NULL, PRIMARY KEY (server, key)
) STRICT, WITHOUT ROWID;
-- Keys under a root that are no record of Vitess's there, by the exact shape of their path (docs/vitess.md#directories). root: global, or the cell, that it
-- lies under. path: below that root. how:
--   too-deep: directories more than in the path of a record (keyspaces/a/a/Keyspace); directory: up to the last of those that are too many
--   wrong-root: a record of the global topology under a cell's root, or the other way round
--   other: none of both
-- looks_like: the kind of record, '' for other. belongs: the key that it would be a record at; NULL where nobody can say. directory: of other, the
-- first below the root, or the one that it lies in where that is one of Vitess's. lease: '0' for none.
CREATE TABLE stray_key (
  server TEXT NOT NULL, key TEXT NOT NULL, root TEXT NOT NULL, path TEXT NOT NULL, how TEXT NOT NULL, looks_like TEXT NOT NULL, belongs TEXT, directory TEXT NOT NULL,
  lease TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (server, key)
) STRICT, WITHOUT ROWID;
-- Directories of keyspaces, and of shards, that have keys and no Keyspace or Shard record in the global topology. root: as in stray_key. shard: '' of a
-- keyspace. keys: below it, without locks that a lease ends (leased). kinds_json: what they are. revision: the highest of them.
CREATE TABLE unrecorded_directory (
  root TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, server TEXT NOT NULL, directory TEXT NOT NULL, keys INTEGER NOT NULL, leased INTEGER NOT NULL,
  kinds_json TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (root, keyspace, shard)
) STRICT, WITHOUT ROWID;
-- What SET VITESS_METADATA wrote.
CREATE TABLE vitess_metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- DERIVED: facts that need more than SQL

-- A deleted record that history still shows. kind: shard, tablet, shard_replication, keyspace, vschema, srv_keyspace. operation: cancel (a DropTargets lock
-- covered it), complete (DropSources), delete-shard, delete-tablet, delete-keyspace, other (a lock of another action), none (no lock explains it),
-- unknown (nobody knows which locks stood then). DeleteShard on the very shard goes before every other lock; a lock that was older by then than its
-- operation may take explains nothing, nor does the named lock of a workflow that the shard is not of. A key on a cell's own etcd goes with its shard's deletion, where a lock covered that.
-- detail_json: the decoded record.
CREATE TABLE deletion (
  server TEXT NOT NULL, key TEXT NOT NULL, deleted_revision INTEGER NOT NULL, kind TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, cell TEXT NOT NULL, alias TEXT NOT NULL,
  recreated INTEGER NOT NULL, operation TEXT NOT NULL, lock_key TEXT, lock_action TEXT, lock_host TEXT, lock_user TEXT, lock_taken_at INTEGER, workflow TEXT,
  detail_json TEXT NOT NULL, PRIMARY KEY (server, key, deleted_revision)
) STRICT, WITHOUT ROWID;

-- A live process with what the topology says of it. same_cluster = 0: it was started with another topology (a clone, another cluster) and is
-- never called again. record: present, absent, unknown (its cell did not answer), other-address (the record names another process).
CREATE TABLE process (
  address TEXT PRIMARY KEY, alias TEXT NOT NULL, cell TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, type TEXT NOT NULL, same_cluster INTEGER NOT NULL,
  record TEXT NOT NULL, shard_record TEXT NOT NULL, witnesses TEXT NOT NULL, db_name TEXT NOT NULL, observed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX process_of_shard ON process (keyspace, shard);

-- Each stream once: rows of the process whose engine owns them (PRIMARY, or the writable one). copies: how many replicas show the same row.
-- kind: Reshard, MoveTables, Materialize, CreateLookupIndex, Migrate, OnlineDDL. active = 1: neither Stopped nor Error. engine_state NULL: not in memory.
CREATE TABLE stream (
  address TEXT NOT NULL, alias TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, id INTEGER NOT NULL, workflow TEXT NOT NULL, kind TEXT NOT NULL, db_name TEXT NOT NULL,
  source_keyspace TEXT NOT NULL, source_shard TEXT NOT NULL, source_external TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, active INTEGER NOT NULL, frozen INTEGER NOT NULL,
  message TEXT NOT NULL, pos TEXT NOT NULL, time_updated INTEGER, age_s INTEGER, copying INTEGER NOT NULL, engine_state TEXT, copies INTEGER NOT NULL, observed_at INTEGER NOT NULL,
  PRIMARY KEY (address, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX stream_into_shard ON stream (keyspace, shard);
-- A source that could not be parsed: nothing may rest on it and nothing may rewrite it.
CREATE TABLE unparsable_source (address TEXT NOT NULL, id INTEGER NOT NULL, workflow TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (address, id)) STRICT, WITHOUT ROWID;
-- The rules of a stream's BinlogSource, in its order.
CREATE TABLE stream_rule (address TEXT NOT NULL, id INTEGER NOT NULL, ordinal INTEGER NOT NULL, match TEXT NOT NULL, filter TEXT NOT NULL, PRIMARY KEY (address, id, ordinal)) STRICT, WITHOUT ROWID;

-- Logical workflows (target keyspace, name). phase: copying, running, reads-switched, cutover (writes stopping, journal not written),
-- cutover-journaled, switched (writes), frozen-only, stopped, error, orphaned (no target shard record). migration: shards or tables.
-- migration_id: the journal id of its next switch (`HashStreams`). journal_found: that id is on a source.
CREATE TABLE workflow (
  keyspace TEXT NOT NULL, workflow TEXT NOT NULL, kind TEXT NOT NULL, migration TEXT NOT NULL, source_keyspace TEXT NOT NULL, phase TEXT NOT NULL, is_reverse INTEGER NOT NULL,
  streams INTEGER NOT NULL, active INTEGER NOT NULL, migration_id TEXT NOT NULL, journal_found INTEGER NOT NULL, target_shards_json TEXT NOT NULL, source_shards_json TEXT NOT NULL,
  PRIMARY KEY (keyspace, workflow)
) STRICT, WITHOUT ROWID;

-- What says that a workflow's traffic is on its targets, on its way there, or not on its sources; no rows: it is where it was before the workflow.
-- The phase weighs the same facts; one alone forbids a cancel. traffic: reads or writes. shard: keyspace/shard that it is about, '' where none. Of
-- a reverse workflow only what its own streams say: its targets serve before any switch. By kind, with what name, detail and alias say:
--   journal: the id of its next switch (name) is in the journal of a source (alias)
--   frozen: the stream (name) of a target's primary (alias) is FROZEN: writes were switched
--   cutover-stop: the stream (name) was stopped for the cutover, which was begun
--   reverse-running: a stream of the reverse workflow (name) runs on a source's primary (alias)
--   target-serves, source-idle: is_primary_serving of a Shard record; key '' where there is no record
--   to-target, off-source: the partition of a tablet type (name) in the SrvKeyspace of cell lists a target, or no target and not this source
--   source-disabled: the query service of a tablet type (name) is disabled for a source in the SrvKeyspace of cell
--   rule: the routing rule of name leads to detail (JSON); shard-rule, keyspace-rule: the rule of name leads to the keyspace detail. cell: '' or its
--     copy in the SrvVSchema of cell
--   source-denies: the Shard record of a source denies the table (name) to its primary
CREATE TABLE switch_sign (
  keyspace TEXT NOT NULL, workflow TEXT NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL, traffic TEXT NOT NULL, shard TEXT NOT NULL, alias TEXT NOT NULL, cell TEXT NOT NULL,
  name TEXT NOT NULL, detail TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (keyspace, workflow, ordinal)
) STRICT, WITHOUT ROWID;

-- Which records tell where the traffic of a workflow goes, and to which side it has to lead by them: writes, replica, rdonly: source or target; '' where
-- nothing can be held to a side: a switch of writes stands between its steps, the records of reads differ, or the shape has none of its own.
-- What the records have to be follows in the views expected_routing, expected_denial and expected_serving (docs/vitess.md#movetables-records). shape:
--   shards: a Reshard, by serving flags and SrvKeyspace
--   tables: a MoveTables, by routing rules; writes until they are frozen, and reads, as most rules of its tables lead
--   unrouted: a MoveTables without routing rules
--   partial, multi-tenant: a MoveTables of some shards, of one tenant, by shard or keyspace routing rules
--   external: a Migrate
--   reverse: the way back of one of these, of which the workflow itself tells
--   none: a Materialize, a lookup vindex, an Online DDL: never switched
CREATE TABLE workflow_traffic (
  keyspace TEXT NOT NULL, workflow TEXT NOT NULL, source_keyspace TEXT NOT NULL, shape TEXT NOT NULL, writes TEXT NOT NULL, replica TEXT NOT NULL, rdonly TEXT NOT NULL,
  PRIMARY KEY (keyspace, workflow)
) STRICT, WITHOUT ROWID;
-- The tables that a workflow names, as they are called on its targets; a pattern (a Reshard's) names none.
CREATE TABLE moved_table (keyspace TEXT NOT NULL, workflow TEXT NOT NULL, table_name TEXT NOT NULL, source_keyspace TEXT NOT NULL, PRIMARY KEY (keyspace, workflow, table_name)) STRICT, WITHOUT ROWID;

-- Targets of a Reshard that a cancel dropped shard by shard, where it still has streams. fate: kept (with its record and streams, as it was), dropped
-- (no record, its tablets run), returned (its record was made anew since), silent (no record, and nothing of it answers). unsure = 1: a stream of the
-- workflow was created so shortly before the cancel's lock was taken that two hosts' clocks can not tell which was first.
CREATE TABLE cancelled_target (
  keyspace TEXT NOT NULL, workflow TEXT NOT NULL, shard TEXT NOT NULL, fate TEXT NOT NULL, deleted_revision INTEGER, unsure INTEGER NOT NULL, PRIMARY KEY (keyspace, workflow, shard)
) STRICT, WITHOUT ROWID;

-- Journals of switches, on the tablet of a source shard that was asked. workflow_keyspace, workflow: whose next switch would take it for its own, by
-- the id; '' where nobody's. outrun = 1: each stream of that workflow out of this shard copies, or runs beyond local_position, so it was not a
-- switch of this workflow that wrote it; 0: one does not; NULL: there is no stream, or positions can not be compared.
CREATE TABLE journal (
  address TEXT NOT NULL, alias TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, id TEXT NOT NULL, db_name TEXT NOT NULL, migration TEXT NOT NULL,
  local_position TEXT NOT NULL, workflow_keyspace TEXT NOT NULL, workflow TEXT NOT NULL, outrun INTEGER, PRIMARY KEY (address, id)
) STRICT, WITHOUT ROWID;

-- Shards that a journal names: side target (it went on to them, shard_gtids) or source (participants). migration: shards or tables.
CREATE TABLE journal_shard (address TEXT NOT NULL, id TEXT NOT NULL, migration TEXT NOT NULL, side TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, PRIMARY KEY (address, id, side, keyspace, shard)) STRICT, WITHOUT ROWID;
-- Tables that a journal names.
CREATE TABLE journal_table (address TEXT NOT NULL, id TEXT NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (address, id, table_name)) STRICT, WITHOUT ROWID;

-- Processes whose replication is not Vitess's affair: they were started with --unmanaged or --disable-active-reparents.
CREATE TABLE external_replication (address TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Replicas and rdonly tablets whose MySQL executed transactions that the MySQL of their shard's primary did not, by what both said in this look. Not
-- counted are those of the primary's own server, which goes on writing between the two answers. gtids: the set, without its flavour.
-- own = 1: some of them are of the replica's own server: it was written to.
CREATE TABLE errant_gtid (
  address TEXT PRIMARY KEY, alias TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, primary_address TEXT NOT NULL, gtids TEXT NOT NULL,
  own INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Key ranges that no shard, or more than one, serves as PRIMARY. kind: gap, overlap. basis: flags (Shard records) or cell name (SrvKeyspace).
CREATE TABLE range_fault (keyspace TEXT NOT NULL, basis TEXT NOT NULL, kind TEXT NOT NULL, range_start TEXT NOT NULL, range_end TEXT NOT NULL, shards_json TEXT NOT NULL, PRIMARY KEY (keyspace, basis, kind, range_start, range_end)) STRICT, WITHOUT ROWID;

-- Base tables of which the primaries of a keyspace's serving shards have different definitions, one row for each shard that has one and whose tables
-- were read. Compared as SHOW CREATE TABLE has them, without AUTO_INCREMENT, display widths and the list of partitions, and only with shards
-- of the same series of MySQL. variant: 1 is the definition that most have; own_line, common_line: the first line of it that the commonest lacks,
-- and the other way round; '' where there is none.
CREATE TABLE table_variant (
  keyspace TEXT NOT NULL, table_name TEXT NOT NULL, shard TEXT NOT NULL, address TEXT NOT NULL, variant INTEGER NOT NULL,
  own_line TEXT NOT NULL, common_line TEXT NOT NULL, PRIMARY KEY (keyspace, table_name, shard)
) STRICT, WITHOUT ROWID;

-- Operations in flight: a lock younger than its action may plausibly take (docs/decisions.md#d11). An older lock is in topo_lock only and
-- hides nothing. since: by the lock's text. until: when the lock is too old, by age_s. age_s, skew_s: as in topo_lock.
-- other_keyspace: the other side of the workflow whose named lock it is; '' where there is none, or where no stream shows it.
CREATE TABLE operation (
  keyspace TEXT NOT NULL, shard TEXT NOT NULL, workflow TEXT NOT NULL, action TEXT NOT NULL, lock_key TEXT NOT NULL, host_name TEXT NOT NULL, since INTEGER, until INTEGER NOT NULL,
  age_s INTEGER NOT NULL, skew_s INTEGER, other_keyspace TEXT NOT NULL, PRIMARY KEY (lock_key)
) STRICT, WITHOUT ROWID;

-- What was asked and did not answer, in one list. domain: topology, cell, history, tablet, sidecar, schema, mysql. subject: 'global', cell, or address.
-- required = 1: the scan is incomplete without it.
CREATE TABLE unanswered (domain TEXT NOT NULL, subject TEXT NOT NULL, cell TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, alias TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, required INTEGER NOT NULL, PRIMARY KEY (domain, subject)) STRICT, WITHOUT ROWID;

-- Signs that this etcd was put back from an older backup (docs/decisions.md#d8): live processes or snapshots know more than the topology.
CREATE TABLE restored_topology (sign TEXT PRIMARY KEY, detail TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- DERIVED: query paths

-- Whether a tablet takes the queries that SrvKeyspace and shard routing rules send to a shard (docs/vitess.md#healthy-tablets). cell: whose vtgates ask;
-- '' for PRIMARY, which the vtgates of every cell may use, those of other types only in their own cell or cell alias. tablets_json: the aliases that
-- make the state so. disabled = 1: the SrvKeyspace that one of them reads disables its queries. state, the first that is so of one tablet:
--   serving: answers as this type, serves, and is healthy
--   silent: nobody knows: it gave no answer in time, was not asked, or its cell could not be read (detail)
--   not-serving: answers and does not serve (detail: its own words)
--   dead: nothing listens at the address of its record, or another tablet does
--   stopped: its record is blank, as a clean stop leaves it
--   none: there is no tablet of this type
CREATE TABLE shard_serving (
  cell TEXT NOT NULL, keyspace TEXT NOT NULL, shard TEXT NOT NULL, tablet_type TEXT NOT NULL, state TEXT NOT NULL, tablets_json TEXT NOT NULL, detail TEXT NOT NULL,
  disabled INTEGER NOT NULL, PRIMARY KEY (keyspace, shard, tablet_type, cell)
) STRICT, WITHOUT ROWID;

-- Addresses where nothing listens: both ports of the vttablet, gRPC and HTTP, refused the connection, at every address of the host
-- (docs/safety.md#a-refused-connection).
CREATE TABLE closed_address (address TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Where queries of a tablet type lead that a vtgate of a cell gets, and whether they are served, by vtgate's own reasoning (docs/vitess.md#query-routing).
-- Names that lead to the same keyspace in the same way are one row: names_json is {name as a client writes it: table that it leads to}, table and
-- keyspace.table. The view query_name has one row for each name. names = 0: a keyspace of which no table is known, by its shards alone. keyspace: where they lead; '' where nowhere. by_rule = 1: a routing rule says so.
-- shards_json: keyspace/shard of the shards that the reason is about. key, revision: of the record that decides it. verdict: served, unserved
-- (of PRIMARY also where only writes fail), ambiguous (vtgate refuses to choose), unknown. reason, '' where served:
--   no-srvvschema: the cell has no SrvVSchema
--   ambiguous-name: keyspaces that share the table name (detail)
--   rule-targets: a routing rule with two targets, or two rules for one name
--   rule-empty: a routing rule without target: the table is disabled
--   rule-malformed: a routing rule whose target is no keyspace.table
--   keyspace-missing: its SrvVSchema does not have the keyspace
--   table-missing-in-vschema: the VSchema of a sharded keyspace does not have the table
--   no-srvkeyspace: the cell has no SrvKeyspace of the keyspace
--   type-unrouted: SrvKeyspace sends this tablet type to no shard
--   many-shards: the VSchema says unsharded, and SrvKeyspace names several shards
--   range-gap, range-overlap: keyspace ids of no shard, or of more than one (detail: the range)
--   shard-missing: a shard without a record
--   tablet-none, tablet-stopped, tablet-dead, tablet-not-serving, tablet-silent: the state in shard_serving of the worst of them
--   denied: a shard denies the table to this type
--   table-missing: a shard that was read does not have the table; schema-unread: none of those read lacks it, and others were not read
--   lookup-missing, sequence-missing: the table of a lookup vindex, or a sequence (detail), leads nowhere or is not there: writes fail
--   lookup-unserved, sequence-unserved: it is unserved for another reason
--   cell-unread, keyspace-unread, undecodable: not seen: the cell's topology, a keyspace that the scan left out, a record that can not be decoded
CREATE TABLE query_path (
  cell TEXT NOT NULL, tablet_type TEXT NOT NULL, ordinal INTEGER NOT NULL, keyspace TEXT NOT NULL, by_rule INTEGER NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL,
  detail TEXT NOT NULL, shards_json TEXT NOT NULL, names INTEGER NOT NULL, names_json TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (cell, tablet_type, ordinal)
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- VIEWS

-- What many rules ask. A view holds nothing of its own: it is looked for in no saved snapshot, and made with the tables when one is opened.

-- VSchema records that are emptier than what every cell still plans with: tables_json, that every SrvVSchema has and the record has not; unsharded = 1:
-- the record says unsharded (or there is none) and every copy says sharded. key, revision: of the record, of a copy where there is none.
CREATE VIEW lost_vschema AS
  WITH copy AS (
    SELECT keyspace, count(*) AS cells, min(sharded) AS sharded, min(key) AS key, min(revision) AS revision FROM vschema WHERE scope <> 'global' GROUP BY keyspace
  ), lost AS MATERIALIZED (
    SELECT keyspace, json_group_array(table_name ORDER BY table_name) AS tables_json FROM (
      SELECT t.keyspace, t.table_name FROM vschema_table t
      WHERE t.scope <> 'global' AND (t.keyspace, t.table_name) NOT IN (SELECT keyspace, table_name FROM vschema_table WHERE scope = 'global')
      GROUP BY t.keyspace, t.table_name HAVING count(*) = (SELECT count(*) FROM srv_vschema)) GROUP BY keyspace
  )
  SELECT c.keyspace, coalesce(g.key, c.key) AS key, coalesce(g.revision, c.revision) AS revision,
    coalesce(l.tables_json, '[]') AS tables_json,
    (SELECT count(*) FROM vschema_table g WHERE g.scope = 'global' AND g.keyspace = c.keyspace) AS left_over,
    c.sharded = 1 AND coalesce(g.sharded, 0) = 0 AS unsharded
  FROM copy c JOIN keyspace k USING (keyspace) LEFT JOIN vschema g ON g.scope = 'global' AND g.keyspace = c.keyspace
  LEFT JOIN lost l ON l.keyspace = c.keyspace
  WHERE c.cells = (SELECT count(*) FROM srv_vschema)
    AND (l.keyspace IS NOT NULL OR (c.sharded = 1 AND coalesce(g.sharded, 0) = 0))
    AND NOT EXISTS (SELECT 1 FROM undecodable_key u WHERE u.kind = 'vschema');

-- query_path, once for each name.
CREATE VIEW query_name AS
  SELECT q.cell, q.tablet_type, j.key AS name, q.keyspace, j.value AS table_name, q.by_rule, q.verdict, q.reason, q.detail, q.shards_json, q.key, q.revision
  FROM query_path q, json_each(q.names_json) j;

-- The last deletion of each record that history shows: the columns of deletion.
CREATE VIEW last_deletion AS
  SELECT kind, keyspace, shard, cell, alias, server, key, max(deleted_revision) AS deleted_revision, recreated, operation,
    lock_key, lock_action, lock_host, lock_user, lock_taken_at, workflow, detail_json
  FROM deletion GROUP BY kind, server, key;

-- Processes that are PRIMARY of their shard and have their Tablet record, with what they say of themselves.
CREATE VIEW recorded_primary AS
  SELECT p.keyspace, p.shard, p.alias, p.cell, p.address, p.db_name, p.observed_at, l.observed_at_ms, l.term_start, l.serving, l.state_name, l.health_error
  FROM process p LEFT JOIN live_tablet l USING (address)
  WHERE p.same_cluster = 1 AND p.record = 'present' AND p.type = 'PRIMARY';

-- The same, once for each question (channel of probe) that it answered.
CREATE VIEW asked_primary AS
  SELECT q.channel, r.* FROM recorded_primary r JOIN probe q USING (address) WHERE q.answered = 1;

-- stream, with what its row in _vt.vreplication says besides (NULL where there is none, as a stream of an example).
CREATE VIEW stream_row AS
  SELECT s.*, v.stop_pos, v.cell, v.tablet_types, v.transaction_timestamp, v.time_heartbeat, v.workflow_type, v.workflow_sub_type, v.options, v.created_at,
    v.time_throttled, v.component_throttled, v.reason_throttled,
    v.log_type, v.log_state, v.log_message, v.log_count, v.log_created_at, v.log_updated_at
  FROM stream s LEFT JOIN vreplication v ON v.address = s.address AND v.id = s.id
    AND v.channel = (SELECT min(w.channel) FROM vreplication w WHERE w.address = s.address AND w.id = s.id);

-- The shards of each workflow: side target (of its own keyspace) or source (of the source's).
CREATE VIEW workflow_shard AS
  SELECT w.keyspace, w.workflow, 'target' AS side, w.keyspace AS shard_keyspace, j.value AS shard FROM workflow w, json_each(w.target_shards_json) j
  UNION ALL
  SELECT w.keyspace, w.workflow, 'source', w.source_keyspace, j.value FROM workflow w, json_each(w.source_shards_json) j;

-- The routing rules that a MoveTables by routing rules has to have: from_table leads to table_name of to_keyspace. Once writes are switched there is
-- none for the bare name of the target (docs/vitess.md#movetables-records).
CREATE VIEW expected_routing AS
  SELECT m.keyspace, m.workflow, m.table_name, n.tablet_type, n.side AS from_side,
    CASE n.side WHEN 'bare' THEN '' WHEN 'source' THEN m.source_keyspace || '.' ELSE m.keyspace || '.' END || m.table_name || n.suffix AS from_table,
    CASE n.leads WHEN 'source' THEN m.source_keyspace ELSE m.keyspace END AS to_keyspace
  FROM (
    SELECT t.keyspace, t.workflow, v.tablet_type, v.suffix, s.value AS side,
      CASE v.tablet_type WHEN 'PRIMARY' THEN t.writes WHEN 'REPLICA' THEN t.replica ELSE t.rdonly END AS leads
    FROM workflow_traffic t
    JOIN (SELECT 'PRIMARY' AS tablet_type, '' AS suffix UNION ALL SELECT 'REPLICA', '@replica' UNION ALL SELECT 'RDONLY', '@rdonly') v
    JOIN json_each('["bare","source","target"]') s
    WHERE t.shape = 'tables'
  ) n JOIN moved_table m USING (keyspace, workflow)
  WHERE n.leads <> '' AND NOT (n.tablet_type = 'PRIMARY' AND n.leads = 'target' AND n.side = 'target');

-- The tables that Shard records have to deny to their primary, by side: source once writes are switched, target before that. A target is denied by the
-- Vitess that created the workflow, from 20 (docs/vitess.md#movetables-records): only where each tablet that answers is of it or newer. What a
-- partial or multi-tenant one denies in its cutover is not told here.
CREATE VIEW expected_denial AS
  SELECT t.keyspace, t.workflow, s.side, s.shard_keyspace, s.shard, m.table_name
  FROM workflow_traffic t JOIN workflow_shard s USING (keyspace, workflow) JOIN moved_table m USING (keyspace, workflow)
  WHERE (t.writes = 'target' AND s.side = 'source' AND t.shape IN ('tables', 'unrouted'))
    OR (t.writes = 'source' AND s.side = 'target' AND t.shape IN ('tables', 'unrouted', 'external')
      AND (SELECT min(coalesce(CAST(l.build_version AS INTEGER), 0)) FROM process p JOIN live_tablet l USING (address)
        WHERE p.same_cluster = 1 AND p.address NOT LIKE 'mysql://%') >= 20);

-- Whether a shard of a Reshard has to take writes by its record, and no other side with it.
CREATE VIEW expected_serving AS
  SELECT t.keyspace, t.workflow, s.side, s.shard, t.writes = s.side AS is_primary_serving
  FROM workflow_traffic t JOIN workflow_shard s USING (keyspace, workflow)
  WHERE t.shape = 'shards' AND t.writes <> '';

-- Partitions of SrvKeyspace by which reads of replicas go to a shard that takes no writes, neither there nor by its record.
CREATE VIEW diverted_read AS
  SELECT r.cell, r.keyspace, r.tablet_type, r.shard, r.key, r.revision FROM srv_partition r
  WHERE r.tablet_type IN ('REPLICA', 'RDONLY')
    AND NOT EXISTS (SELECT 1 FROM srv_partition w WHERE w.cell = r.cell AND w.keyspace = r.keyspace AND w.tablet_type = 'PRIMARY' AND w.shard = r.shard)
    AND NOT EXISTS (SELECT 1 FROM shard f WHERE f.keyspace = r.keyspace AND f.shard = r.shard AND f.is_primary_serving = 1);

-- Reads of a cell that go elsewhere than its Shard records say, shard by shard: gained = 1: they go to a shard that does not serve by its record;
-- 0: they do not go to one that does. moved = 1: a Reshard accounts for it, as all shards of its one side lost them to all shards of the other.
CREATE VIEW read_elsewhere AS
  WITH elsewhere AS MATERIALIZED (
    SELECT p.cell, p.keyspace, p.tablet_type, p.shard, 1 AS gained FROM srv_partition p
    WHERE p.tablet_type IN ('REPLICA', 'RDONLY')
      AND NOT EXISTS (SELECT 1 FROM shard s WHERE s.keyspace = p.keyspace AND s.shard = p.shard AND s.is_primary_serving = 1)
    UNION ALL
    SELECT g.cell, g.keyspace, t.value, s.shard, 0 FROM srv_keyspace g JOIN shard s USING (keyspace) JOIN json_each('["REPLICA","RDONLY"]') t
    WHERE s.is_primary_serving = 1
      AND NOT EXISTS (SELECT 1 FROM srv_partition p
        WHERE p.cell = g.cell AND p.keyspace = g.keyspace AND p.tablet_type = t.value AND p.shard = s.shard)
  ), reshard AS MATERIALIZED (
    SELECT s.keyspace, s.workflow, s.side, s.shard, count(*) OVER (PARTITION BY s.keyspace, s.workflow) AS shards
    FROM workflow w JOIN workflow_shard s USING (keyspace, workflow) WHERE w.migration = 'shards'
  ), move AS (
    SELECT e.cell, e.keyspace, e.tablet_type, r.workflow FROM elsewhere e JOIN reshard r USING (keyspace, shard) JOIN shard USING (keyspace, shard)
    GROUP BY e.cell, e.keyspace, e.tablet_type, r.workflow
    HAVING count(*) = max(r.shards) AND count(DISTINCT e.gained) = 2 AND count(DISTINCT r.side || e.gained) = 2
  ), accounted AS (
    SELECT DISTINCT m.cell, m.keyspace, m.tablet_type, r.shard FROM move m JOIN reshard r USING (keyspace, workflow)
  )
  SELECT e.cell, e.keyspace, e.tablet_type, e.shard, e.gained, a.shard IS NOT NULL AS moved
  FROM elsewhere e LEFT JOIN accounted a USING (cell, keyspace, tablet_type, shard);

-- Shards to which SrvKeyspace routes writes, of cells_json, and which have a primary by their record. Of that: serving, state_name, health_error,
-- as it says itself (NULL: it does not answer as PRIMARY of its shard); control_key: of the SrvKeyspace of its own cell, which it reads, where that
-- disables its queries; workflow: a Reshard to or from the shard, journal_found = 1: which is past its point of no return.
CREATE VIEW routed_shard AS
  WITH routed AS (
    SELECT keyspace, shard, json_group_array(cell ORDER BY cell) AS cells_json FROM srv_partition WHERE tablet_type = 'PRIMARY' GROUP BY keyspace, shard
  ), moving AS (
    SELECT w.keyspace, s.shard, min(w.workflow) AS workflow, max(w.journal_found) AS journal_found
    FROM workflow w JOIN workflow_shard s USING (keyspace, workflow)
    WHERE w.migration = 'shards' AND w.is_reverse = 0 GROUP BY w.keyspace, s.shard
  ), control AS (
    SELECT s.keyspace, s.shard, min(c.key) AS control_key, min(c.revision) AS control_revision
    FROM shard s LEFT JOIN tablet t ON t.alias = s.primary_alias
    JOIN srv_control c ON c.keyspace = s.keyspace AND c.shard = s.shard AND c.tablet_type = 'PRIMARY' AND c.query_service_disabled = 1
      AND c.cell = coalesce(t.cell, c.cell)
    GROUP BY s.keyspace, s.shard
  )
  SELECT r.keyspace, r.shard, r.cells_json, s.key, s.revision, s.is_primary_serving, s.primary_alias,
    p.address, p.serving, p.state_name, nullif(p.health_error, '') AS health_error, p.observed_at_ms,
    c.control_key, c.control_revision, m.workflow, m.journal_found
  FROM routed r JOIN shard s USING (keyspace, shard)
  LEFT JOIN recorded_primary p ON p.alias = s.primary_alias
  LEFT JOIN control c ON c.keyspace = r.keyspace AND c.shard = r.shard
  LEFT JOIN moving m ON m.keyspace = r.keyspace AND m.shard = r.shard
  WHERE s.primary_alias IS NOT NULL;

-- internal_table, by what its name says (v24 schema/name.go and tablegc.go, v19 too). hint: hld, prg, evc, drp (tables that Vitess is about to drop) or vrp (shadow
-- tables of Online DDL). uuid: its 32 hex digits. old = 1: a form that v19 writes; no version reads all of them since v24. due_at: of a table to drop,
-- before which nothing happens to it; of a shadow table, when it was made.
CREATE VIEW named_internal_table AS
  WITH form AS (
    SELECT *, CASE
      WHEN table_name GLOB '_vt_[a-z][a-z][a-z]_*_' AND length(table_name) = 56 THEN substr(table_name, 5, 3)
      WHEN table_name GLOB '_vt_HOLD_*' THEN 'hld' WHEN table_name GLOB '_vt_PURGE_*' THEN 'prg' WHEN table_name GLOB '_vt_EVAC_*' THEN 'evc'
      WHEN table_name GLOB '_vt_DROP_*' THEN 'drp' WHEN table_name GLOB '_*_vrepl' AND length(table_name) = 58 THEN 'vrp' END AS hint,
      NOT table_name GLOB '_vt_[a-z][a-z][a-z]_*_' AS old FROM internal_table
  ), named AS (
    SELECT *, CASE WHEN old = 0 THEN substr(table_name, 9, 32) WHEN hint = 'vrp' THEN replace(substr(table_name, 2, 36), '_', '')
      ELSE substr(table_name, -47, 32) END AS uuid,
      CASE WHEN old = 0 THEN substr(table_name, 42, 14) WHEN hint = 'vrp' THEN substr(table_name, 39, 14) ELSE substr(table_name, -14) END AS stamp
    FROM form WHERE hint IN ('hld', 'prg', 'evc', 'drp', 'vrp')
  )
  SELECT address, db_name, table_name, table_type, bytes, observed_at, hint, uuid, old, CAST(strftime('%s', substr(stamp, 1, 4) || '-' || substr(stamp, 5, 2) || '-' ||
    substr(stamp, 7, 2) || ' ' || substr(stamp, 9, 2) || ':' || substr(stamp, 11, 2) || ':' || substr(stamp, 13, 2)) AS INTEGER) AS due_at
  FROM named;

-- Base tables that are a user's: not those that Vitess is about to drop, nor the shadow and old tables of an Online DDL, gh-ost or pt-osc
-- (go/vt/schema IsInternalOperationTableName; people run gh-ost and pt-osc themselves, too, under names of their own).
CREATE VIEW user_table AS
  SELECT * FROM live_table WHERE table_type = 'BASE TABLE' AND table_name NOT GLOB '_vt_*' AND table_name NOT GLOB '_*_vrepl'
    AND table_name NOT GLOB '_*_gh[oc]' AND table_name NOT GLOB '_*_del' AND table_name NOT GLOB '_*_new' AND table_name NOT GLOB '_*_old';

-- Shards without a record of which processes run, with their streams that are active. journal: of a Reshard, on one of them, that led to shards that
-- serve now; NULL: there is none. switched_away = 1: the completion of a Reshard deleted the record; or no lock explains a deletion, there is such a
-- journal, and no stream is active. Of these: covered = 1: shards that serve have all of its key range; lacking_json: its tables that one of them
-- does not have, as far as both are known (a table may have been moved or dropped since); emptied = 1: one of them has none of its tables;
-- retired = 1: covered and not emptied. term_start: of the PRIMARY, where that began more than a minute before it was asked.
CREATE VIEW orphan_shard AS
  WITH orphan AS MATERIALIZED (
    SELECT p.keyspace, p.shard, count(*) AS tablets, min(p.alias) FILTER (WHERE p.type = 'PRIMARY') AS primary_alias,
      min(l.term_start) FILTER (WHERE p.type = 'PRIMARY' AND l.term_start > 0 AND l.term_start < p.observed_at - 60) AS term_start
    FROM process p LEFT JOIN live_tablet l USING (address)
    WHERE p.same_cluster = 1 AND p.shard_record = 'absent' AND p.keyspace <> '' AND p.shard <> ''
    GROUP BY p.keyspace, p.shard
  ), running AS (
    SELECT keyspace, shard, count(*) AS streams FROM stream WHERE active = 1 GROUP BY keyspace, shard
  ), led_away AS (
    SELECT p.keyspace, p.shard, min(j.address) AS journal_address, min(j.id) AS journal
    FROM journal_shard j JOIN process p USING (address) JOIN shard s ON s.keyspace = j.keyspace AND s.shard = j.shard
    WHERE j.migration = 'shards' AND j.side = 'target' AND j.keyspace = p.keyspace AND s.is_primary_serving = 1
    GROUP BY p.keyspace, p.shard
  ), told AS MATERIALIZED (
    SELECT o.*, coalesce(n.streams, 0) AS streams, a.journal_address, a.journal, d.operation, d.deleted_revision,
      d.lock_key, d.lock_action, d.lock_host, d.lock_user, d.lock_taken_at,
      d.operation IS 'complete'
        OR (coalesce(d.operation, 'none') IN ('none', 'unknown', 'other') AND n.streams IS NULL AND a.journal IS NOT NULL) AS switched_away
    FROM orphan o
    LEFT JOIN running n USING (keyspace, shard)
    LEFT JOIN led_away a USING (keyspace, shard)
    LEFT JOIN last_deletion d ON d.kind = 'shard' AND d.keyspace = o.keyspace AND d.shard = o.shard
  ), bound AS MATERIALIZED (
    SELECT keyspace, shard, CASE instr(shard, '-') WHEN 0 THEN '' ELSE lower(substr(shard, 1, instr(shard, '-') - 1)) END AS low,
      CASE instr(shard, '-') WHEN 0 THEN '' ELSE lower(substr(shard, instr(shard, '-') + 1)) END AS high
    FROM told WHERE switched_away
  ), successor AS MATERIALIZED (
    SELECT b.keyspace, b.shard, b.high, s.shard AS by_shard, s.range_start, s.range_end FROM bound b JOIN shard s USING (keyspace)
    WHERE s.is_primary_serving = 1 AND (s.range_end = '' OR s.range_end > b.low) AND (b.high = '' OR s.range_start < b.high)
  ), hole AS MATERIALIZED (
    -- Where its range begins, and where a successor ends inside of it, another one has to go on.
    SELECT c.keyspace, c.shard FROM (
      SELECT keyspace, shard, low AS point FROM bound
      UNION SELECT keyspace, shard, range_end FROM successor WHERE range_end <> '' AND (high = '' OR range_end < high)) c
    WHERE NOT EXISTS (SELECT 1 FROM successor s WHERE s.keyspace = c.keyspace AND s.shard = c.shard
      AND s.range_start <= c.point AND (s.range_end = '' OR s.range_end > c.point))
  ), owned AS MATERIALIZED (
    SELECT DISTINCT b.keyspace, b.shard, t.table_name, s.by_shard, EXISTS (SELECT 1 FROM live_table x
      WHERE x.address = a.address AND x.db_name = a.db_name AND x.table_name = t.table_name) AS there
    FROM bound b JOIN process p ON p.keyspace = b.keyspace AND p.shard = b.shard AND p.same_cluster = 1
    JOIN user_table t ON t.address = p.address AND t.db_name = p.db_name
    JOIN successor s ON s.keyspace = b.keyspace AND s.shard = b.shard
    JOIN asked_primary a ON a.keyspace = s.keyspace AND a.shard = s.by_shard AND a.channel = 'schema'
  ), judged AS (
    SELECT t.*, t.switched_away AND (t.keyspace, t.shard) NOT IN (SELECT keyspace, shard FROM hole) AS covered,
      (SELECT json_group_array(DISTINCT o.table_name ORDER BY o.table_name) FROM owned o
        WHERE o.keyspace = t.keyspace AND o.shard = t.shard AND NOT o.there) AS lacking_json,
      EXISTS (SELECT 1 FROM owned o WHERE o.keyspace = t.keyspace AND o.shard = t.shard GROUP BY o.by_shard HAVING NOT max(o.there)) AS emptied
    FROM told t
  )
  SELECT *, covered AND NOT emptied AS retired FROM judged;

-- One row. proves = 1: no lock of a switch means no switch. A switch holds a named lock to its end since Vitess 21; before, it had only the keyspace's,
-- which nothing renews (docs/vitess.md#lease-renewal). A vtctld may be one version behind its tablets, so each of them has to be of 22. An old lock
-- whose age two clocks do not agree about proves nothing either.
CREATE VIEW absent_lock AS
SELECT count(*) > 0 AND min(coalesce(CAST(t.build_version AS INTEGER), 0)) >= 22
  AND NOT EXISTS (SELECT 1 FROM topo_lock WHERE holder = 1 AND skew_s IS NOT NULL) AS proves
FROM process p JOIN live_tablet t USING (address) WHERE p.same_cluster = 1 AND p.address NOT LIKE 'mysql://%';

-- Shards whose tablets, as far as they answer, were all started with --unmanaged: they follow a MySQL that Vitess does not manage, and may have
-- no primary of their own (docs/vitess.md#external-mysql).
CREATE VIEW unmanaged_shard AS
  SELECT keyspace, shard FROM (
    SELECT p.keyspace, p.shard, EXISTS (SELECT 1 FROM json_each(l.command_line_json) WHERE ltrim(value, '-') IN ('unmanaged', 'unmanaged=true')) AS unmanaged
    FROM process p JOIN live_tablet l USING (address) WHERE p.same_cluster = 1)
  GROUP BY keyspace, shard HAVING min(unmanaged) = 1;

-- The primaries that Shard records name, where they answer as PRIMARY and Vitess manages their replication: with what their MySQL says, and where their
-- Tablet record says that it is (mysql_host, mysql_port). Records that were written since the topology was read are left out: what the tablets said was
-- before, and a reparent may be at work.
CREATE VIEW shard_primary AS
  SELECT s.keyspace, s.shard, s.key AS shard_key, s.revision AS shard_revision, k.durability_policy,
    p.alias, p.cell, p.address, t.mysql_host, t.mysql_port, t.key AS tablet_key, t.revision AS tablet_revision,
    l.server_uuid, l.server_version, l.read_only, l.super_read_only, l.source_host, l.source_port, l.term_start, l.observed_at_ms,
    r.server_id, r.semi_sync_source, r.semi_sync_waits, r.semi_sync_wait_count, r.semi_sync_clients, r.semi_sync_blocked
  FROM shard s JOIN keyspace k USING (keyspace)
  JOIN process p ON p.keyspace = s.keyspace AND p.shard = s.shard AND p.alias = s.primary_alias
  JOIN tablet t ON t.alias = p.alias JOIN live_tablet l ON l.address = p.address JOIN replication r ON r.address = p.address
  WHERE p.same_cluster = 1 AND p.record = 'present' AND p.type = 'PRIMARY' AND p.address NOT IN (SELECT address FROM external_replication)
    AND NOT EXISTS (SELECT 1 FROM topo_server v WHERE v.server = s.server AND s.revision > v.revision)
    AND NOT EXISTS (SELECT 1 FROM topo_server v WHERE v.server = t.server AND t.revision > v.revision);

-- Replicas and rdonly tablets that answer and have their record, where Vitess manages their replication: as in shard_primary.
CREATE VIEW replica AS
  SELECT p.keyspace, p.shard, p.alias, p.cell, p.type, p.address, k.durability_policy, t.mysql_host, t.mysql_port, t.key AS tablet_key,
    t.revision AS tablet_revision,
    l.server_uuid, l.server_version, l.read_only, l.source_host, l.source_port, l.io_state, l.sql_state, l.replication_error, l.observed_at_ms,
    r.server_id, r.source_uuid, r.backup_running, r.heartbeat_interval, r.replica_net_timeout, r.semi_sync_replica
  FROM process p JOIN keyspace k USING (keyspace) JOIN tablet t ON t.alias = p.alias
  JOIN live_tablet l ON l.address = p.address JOIN replication r ON r.address = p.address
  WHERE p.same_cluster = 1 AND p.record = 'present' AND p.type IN ('REPLICA', 'RDONLY') AND k.keyspace_type <> 'SNAPSHOT'
    AND p.address NOT IN (SELECT address FROM external_replication)
    AND NOT EXISTS (SELECT 1 FROM topo_server v WHERE v.server = t.server AND t.revision > v.revision);

-- Keys that somebody relies on and that are not there, with the revision at which they were looked for. kind, and what it is of, as in deletion:
-- shard (a process or a stream's source names it), srv_keyspace (of every cell and keyspace), srv_vschema (of every cell).
CREATE VIEW missing_key AS
  WITH global AS (
    SELECT r.server, r.root, s.revision FROM topo_root r JOIN topo_server s USING (server) WHERE r.name = 'global'
  ), place AS (
    SELECT c.cell, coalesce(r.root, c.root) AS root, coalesce(r.server, c.server) AS server, coalesce(s.revision, 0) AS revision
    FROM cell c LEFT JOIN topo_root r ON r.name = c.cell LEFT JOIN topo_server s ON s.server = r.server WHERE c.answered = 1
  ), named AS (
    SELECT keyspace, shard FROM process WHERE same_cluster = 1 AND keyspace <> '' AND shard <> ''
    UNION SELECT source_keyspace, source_shard FROM stream WHERE source_external = '' AND source_keyspace <> '' AND source_shard <> ''
  ), wanted AS (
    SELECT 'shard' AS kind, n.keyspace, n.shard, '' AS cell, g.server, g.root || '/keyspaces/' || n.keyspace || '/shards/' || n.shard || '/Shard' AS key, g.revision
    FROM named n CROSS JOIN global g LEFT JOIN shard s USING (keyspace, shard) WHERE s.shard IS NULL
    UNION ALL
    SELECT 'srv_keyspace', k.keyspace, '', p.cell, p.server, p.root || '/keyspaces/' || k.keyspace || '/SrvKeyspace', p.revision
    FROM place p CROSS JOIN keyspace k LEFT JOIN srv_keyspace g USING (cell, keyspace) WHERE g.cell IS NULL
    UNION ALL
    SELECT 'srv_vschema', '', '', p.cell, p.server, p.root || '/SrvVSchema', p.revision
    FROM place p LEFT JOIN srv_vschema v USING (cell) WHERE v.cell IS NULL
  )
  SELECT * FROM wanted WHERE (server, key) NOT IN (SELECT server, key FROM undecodable_key);
