/** Rows whose parent is gone: nothing in Vitess deletes them any more. Both tables in one statement, as a parent goes with its rows in one transaction (v24 vreplication/engine.go). */
const STRAY_COPY_STATE =
  "from _vt.copy_state as c left join _vt.vreplication as v on v.id = c.vrepl_id where v.id is null";
const STRAY_POST_COPY_ACTIONS =
  "from _vt.post_copy_action as p left join _vt.vreplication as w on w.id = p.vrepl_id where w.id is null";
const STRAY_VDIFF_TABLES =
  "from _vt.vdiff_table as t left join _vt.vdiff as d on d.id = t.vdiff_id where d.id is null";

/** Vitess never deletes of the log; counting its rows would read all of it, so its ids tell. */
const LONG_LOG =
  "select max(l.id) - min(l.id) + 1 from _vt.vreplication_log as l having max(l.id) - min(l.id) >= 1000000";

/** Migrations that are not over, that Vitess has not cleaned up after, or that are younger than a month: rows are never deleted. */
const KEPT_MIGRATIONS =
  "_vt.schema_migrations as m where m.cleanup_timestamp is null or m.added_timestamp > now() - interval 30 day";

/** A transaction in flight is no news: it has a minute. Their times are nanoseconds. */
const OLD_TRANSACTIONS = "_vt.dt_state as d where d.time_created < (unix_timestamp() - 60) * 1000000000";
const OLD_REDOS =
  "_vt.redo_state as r where r.state = 0 or r.time_created < (unix_timestamp() - 60) * 1000000000";

/** Tables under names of Vitess's own: those that it is about to drop, and shadow tables of Online DDL, those of v19 too (v24 schema/name.go, v19 schema/online_ddl.go). */
const INTERNAL_TABLES =
  "information_schema.tables as t where (substr(t.table_name, 1, 4) = '_vt_' or (substr(t.table_name, 1, 1) = '_' and substr(t.table_name, -6) = '_vrepl')) and t.table_schema not in ('mysql', 'sys', 'performance_schema', 'information_schema') and substr(t.table_schema, 1, 14) <> 'vtdoctor_hold_'";

/** A checksum of a migrated table as it is now: its columns and its keys, whatever their order. */
const SHAPE = `(select concat(count(*), '-', sum(crc32(concat_ws(' ', c.ordinal_position, c.column_name, c.column_type, c.is_nullable, c.column_default, c.extra))), '-', (select coalesce(sum(crc32(concat_ws(' ', s.index_name, s.seq_in_index, s.column_name, s.non_unique, s.sub_part))), 0) from information_schema.statistics as s where s.table_schema = m.mysql_schema and s.table_name = m.mysql_table)) from information_schema.columns as c where c.table_schema = m.mysql_schema and c.table_name = m.mysql_table)`;

const seconds = (table: string, columns: Readonly<Record<string, string>>): string =>
  Object.entries(columns)
    .map(([name, column]) => `unix_timestamp(${table}.${column}) as ${name}`)
    .join(", ");

/** Reads that find nothing in a healthy primary, by where their rows are: `contents` asks for all of them at once whether there is any. */
const RARELY_FILLED_FROM = {
  copyState: "_vt.copy_state",
  postCopyActions: "_vt.post_copy_action",
  journals: "_vt.resharding_journal",
  vdiffs: "_vt.vdiff",
  strayRows: `(select 1 as row_count ${STRAY_COPY_STATE} union all select 1 ${STRAY_POST_COPY_ACTIONS} union all select 1 ${STRAY_VDIFF_TABLES} union all ${LONG_LOG}) as stray`,
  migrations: KEPT_MIGRATIONS,
  transactions: OLD_TRANSACTIONS,
  redos: OLD_REDOS,
  internalTables: INTERNAL_TABLES,
  holds: "information_schema.schemata as s where substr(s.schema_name, 1, 14) = 'vtdoctor_hold_'",
};

/**
 * The databases with a `vreplication` table, as a JSON array. MySQL cuts it at `group_concat_max_len` (1024 by default): what is no JSON then
 * says nothing.
 */
const SIDECARS =
  "(select concat('[', group_concat(json_quote(t.table_schema)), ']') from information_schema.schemata as s join information_schema.tables as t on t.table_schema = s.schema_name and t.table_name = 'vreplication')";

export type RarelyFilled = keyof typeof RARELY_FILLED_FROM;

export const RARELY_FILLED = Object.keys(RARELY_FILLED_FROM) as readonly RarelyFilled[];

/**
 * Every query that the read side may send to a tablet (docs/decisions.md#d3), each with its time limit by optimizer hint (a deadline of the
 * client does not end a query at the server). `_vt` is rewritten by vttablet to the keyspace's sidecar database
 * (docs/vitess.md#tablet-rpcs). Ids of streams come again and the log is never purged (docs/vitess.md#stream-rows): the newest birth of an
 * id is the stream's. Columns are `*` where versions differ (docs/decisions.md#d12): the reader takes what is there.
 */
export const SIDECAR_READS = {
  streams:
    "select /*+ MAX_EXECUTION_TIME(10000) */ unix_timestamp() as now_s, if(time_updated > 99999999999, unix_timestamp(time_updated), time_updated) as time_updated_s, (select unix_timestamp(max(l.created_at)) from _vt.vreplication_log as l where l.vrepl_id = v.id and l.type = 'Stream Created') as created_s, n.type as log_type, n.state as log_state, if(n.type = 'Stream Created', '', left(n.message, 1000)) as log_message, n.count as log_count, unix_timestamp(n.created_at) as log_created_s, unix_timestamp(n.updated_at) as log_updated_s, v.* from _vt.vreplication as v left join _vt.vreplication_log as n on n.id = (select m.id from _vt.vreplication_log as m where m.vrepl_id = v.id order by m.id desc limit 1)",
  contents: `select /*+ MAX_EXECUTION_TIME(10000) */ ${Object.entries(RARELY_FILLED_FROM)
    .map(([read, from]) => `exists(select 1 from ${from}) as ${read}`)
    .join(", ")}, ${SIDECARS} as sidecars`,
  copyState:
    "select /*+ MAX_EXECUTION_TIME(10000) */ vrepl_id, table_name, max(id) as id, count(*) as steps from _vt.copy_state group by vrepl_id, table_name",
  postCopyActions:
    "select /*+ MAX_EXECUTION_TIME(10000) */ p.id, p.vrepl_id, p.table_name, p.action, exists(select 1 from _vt.copy_state as c where c.vrepl_id = p.vrepl_id and c.table_name = p.table_name) as copying from _vt.post_copy_action as p",
  journals: "select /*+ MAX_EXECUTION_TIME(10000) */ id, db_name, val from _vt.resharding_journal",
  vdiffs: `select /*+ MAX_EXECUTION_TIME(10000) */ unix_timestamp() as now_s, v.id, v.vdiff_uuid, v.workflow, v.keyspace, v.shard, v.db_name, v.state, ${seconds("v", { created_s: "created_at", started_s: "started_at", completed_s: "completed_at" })}, (select unix_timestamp(max(t.updated_at)) from _vt.vdiff_table as t where t.vdiff_id = v.id) as updated_s, left(v.last_error, 500) as last_error from _vt.vdiff as v`,
  strayRows: `select /*+ MAX_EXECUTION_TIME(10000) */ 'copy_state' as child, c.vrepl_id as parent_id, count(*) as row_count ${STRAY_COPY_STATE} group by c.vrepl_id union all select 'post_copy_action', p.vrepl_id, count(*) ${STRAY_POST_COPY_ACTIONS} group by p.vrepl_id union all select 'vdiff_table', t.vdiff_id, count(*) ${STRAY_VDIFF_TABLES} group by t.vdiff_id union all select 'vreplication_log', 0, log.row_count from (${LONG_LOG.replace(" from", " as row_count from")}) as log`,
  migrations: `select /*+ MAX_EXECUTION_TIME(10000) */ unix_timestamp() as now_s, m.migration_uuid, m.keyspace, m.shard, m.mysql_schema, m.mysql_table, m.strategy, m.options, m.ddl_action, m.migration_status, m.stage, m.tablet, m.retries, m.postpone_launch, m.postpone_completion, m.ready_to_complete, ${seconds(
    "m",
    {
      added_s: "added_timestamp",
      requested_s: "requested_timestamp",
      ready_s: "ready_timestamp",
      started_s: "started_timestamp",
      liveness_s: "liveness_timestamp",
      ready_to_complete_s: "ready_to_complete_timestamp",
      completed_s: "completed_timestamp",
      cleanup_s: "cleanup_timestamp",
    },
  )}, left(m.artifacts, 4000) as artifacts, left(m.message, 500) as message, ${SHAPE} as shape from ${KEPT_MIGRATIONS}`,
  transactions: `select /*+ MAX_EXECUTION_TIME(10000) */ unix_timestamp() as now_s, d.dtid, d.state, d.time_created div 1000000000 as created_s, (select group_concat(p.keyspace, '/', p.shard order by p.id separator ',') from _vt.dt_participant as p where p.dtid = d.dtid) as participants from ${OLD_TRANSACTIONS}`,
  redos: `select /*+ MAX_EXECUTION_TIME(10000) */ unix_timestamp() as now_s, r.time_created div 1000000000 as created_s, (select count(*) from _vt.redo_statement as s where s.dtid = r.dtid) as statements, r.* from ${OLD_REDOS}`,
  internalTables: `select /*+ MAX_EXECUTION_TIME(10000) */ unix_timestamp() as now_s, t.table_schema as table_schema, t.table_name as table_name, t.table_type as table_type, t.data_length + t.index_length as bytes from ${INTERNAL_TABLES}`,
  holds:
    "select /*+ MAX_EXECUTION_TIME(10000) */ s.schema_name as table_schema, t.table_name as table_name, t.table_rows as row_estimate, t.data_length + t.index_length as bytes from information_schema.schemata as s left join information_schema.tables as t on t.table_schema = s.schema_name where substr(s.schema_name, 1, 14) = 'vtdoctor_hold_'",
  triggers:
    "select /*+ MAX_EXECUTION_TIME(10000) */ trigger_schema as trigger_schema, trigger_name as trigger_name, event_object_table as event_object_table from information_schema.triggers where trigger_schema <> 'sys'",
  statements:
    "select /*+ MAX_EXECUTION_TIME(10000) */ p.id as conn_id, p.user as conn_user, p.host as conn_host, p.time as conn_seconds, p.state as conn_state, p.info as conn_info from information_schema.processlist as p where p.info like '/* vtdoctor run %' and p.id <> connection_id()",
  tableLocks:
    "select /*+ MAX_EXECUTION_TIME(10000) */ l.object_schema as table_schema, l.object_name as table_name, l.lock_status as lock_status, concat(l.object_instance_begin, '-', l.owner_event_id) as lock_id, t.processlist_id as conn_id, t.processlist_user as conn_user, t.processlist_host as conn_host, t.processlist_time as conn_seconds, coalesce(t.processlist_state, t.processlist_command) as conn_state, t.processlist_info as conn_info from performance_schema.metadata_locks as l join performance_schema.threads as t on t.thread_id = l.owner_thread_id where l.object_type = 'TABLE' and l.object_schema not in ('mysql', 'sys', 'performance_schema', 'information_schema') and t.processlist_id <> connection_id()",
  streamColumns: "show columns from _vt.vreplication",
  mysqlPort: "select /*+ MAX_EXECUTION_TIME(10000) */ @@global.port as port",
  position: "select /*+ MAX_EXECUTION_TIME(10000) */ @@global.gtid_executed as position",
} as const;

export type SidecarRead = keyof typeof SIDECAR_READS;

/**
 * What a question costs the tablet that answers it. `light`: it tells what it has in memory, or reads a few rows. `dear`: its work grows with its
 * tables or sessions (GetSchema runs SHOW CREATE TABLE for each table, information_schema opens them); a scan asks it only where a rule reads
 * the answer, and of one process of a shard.
 */
type Cost = "light" | "dear";

/**
 * The questions that are no query of the sidecar: StreamHealth, /debug/vars, FullStatus, GetSchema, rows of sequences, /debug/query_rules, and who
 * MySQL itself is.
 */
type OtherQuestion = "health" | "vars" | "status" | "schema" | "sequences" | "queryRules" | "mysqlStatus";

export type Question = SidecarRead | OtherQuestion;

export const COSTS: Readonly<Record<Question, Cost>> = {
  ...{ health: "light", vars: "light", status: "light", mysqlStatus: "light", schema: "dear" },
  ...{ sequences: "dear", queryRules: "dear" },
  ...{ streams: "light", contents: "light", copyState: "light", postCopyActions: "light", journals: "light" },
  ...{ vdiffs: "light", strayRows: "light", migrations: "light", transactions: "light", redos: "light" },
  ...{ internalTables: "light", holds: "light", triggers: "dear", statements: "dear", tableLocks: "dear" },
  ...{ streamColumns: "light", mysqlPort: "light", position: "light" },
};

/** A hard limit of ExecuteFetchAsDba: with one row more it answers an error, never a part. */
export const MAX_ROWS = 100_000n;

/** The ids of the streams, to read them in parts where all are too much for one message. */
export const STREAM_IDS = "select /*+ MAX_EXECUTION_TIME(10000) */ id from _vt.vreplication order by id";

export const streamsBetween = (first: bigint, last: bigint): string =>
  `${SIDECAR_READS.streams} where v.id between ${first} and ${last}`;

/** Every table of every user database, to learn which database is the tablet's own (`database.ts`). */
export const ALL_TABLES =
  "select /*+ MAX_EXECUTION_TIME(10000) */ table_schema as table_schema, table_name as table_name from information_schema.tables where table_schema not in ('mysql', 'sys', 'performance_schema', 'information_schema')";

/** The query as MySQL itself must get it, with the sidecar database's real name (docs/vitess.md#sidecar-name). */
export const sidecarQuery = (read: SidecarRead, sidecar: string): string =>
  SIDECAR_READS[read].replaceAll("_vt.", () => `${quoteName(sidecar)}.`);

export interface TableName {
  readonly database: string;
  readonly name: string;
}

/** So many tables are asked for in one statement. */
const SEQUENCES_AT_ONCE = 100;

/** The rows of id 0 of sequence tables, each with its place in `tables` as `ordinal`. A read by primary key each. */
export const sequenceQueries = (tables: readonly TableName[]): readonly string[] => {
  const selects = tables.map(
    ({ database, name }, ordinal) =>
      `select ${ordinal} as ordinal, next_id, cache from ${quoteName(database)}.${quoteName(name)} where id = 0`,
  );
  return Array.from({ length: Math.ceil(selects.length / SEQUENCES_AT_ONCE) }, (_, part) =>
    selects.slice(part * SEQUENCES_AT_ONCE, (part + 1) * SEQUENCES_AT_ONCE).join(" union all "),
  );
};

export const quoteName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
