/** Reads that find nothing in a healthy primary, by where their rows are: `contents` asks for all of them at once whether there is any. */
const RARELY_FILLED_FROM = {
  copyState: "_vt.copy_state",
  postCopyActions: "_vt.post_copy_action",
  journals: "_vt.resharding_journal",
  vdiffs: "_vt.vdiff",
  holds: "information_schema.schemata as s where substr(s.schema_name, 1, 14) = 'vtdoctor_hold_'",
};

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
    .join(", ")}`,
  copyState:
    "select /*+ MAX_EXECUTION_TIME(10000) */ vrepl_id, table_name, max(id) as id, count(*) as steps from _vt.copy_state group by vrepl_id, table_name",
  postCopyActions:
    "select /*+ MAX_EXECUTION_TIME(10000) */ id, vrepl_id, table_name, action from _vt.post_copy_action",
  journals: "select /*+ MAX_EXECUTION_TIME(10000) */ id, db_name, val from _vt.resharding_journal",
  vdiffs:
    "select /*+ MAX_EXECUTION_TIME(10000) */ id, vdiff_uuid, workflow, keyspace, shard, db_name, state from _vt.vdiff",
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

/** The questions that are no query of the sidecar: StreamHealth, /debug/vars, FullStatus, GetSchema, and who MySQL itself is. */
type OtherQuestion = "health" | "vars" | "status" | "schema" | "mysqlStatus";

export type Question = SidecarRead | OtherQuestion;

export const COSTS: Readonly<Record<Question, Cost>> = {
  ...{ health: "light", vars: "light", status: "light", mysqlStatus: "light", schema: "dear" },
  ...{ streams: "light", contents: "light", copyState: "light", postCopyActions: "light", journals: "light" },
  ...{ vdiffs: "light", holds: "light", triggers: "dear", statements: "dear", tableLocks: "dear" },
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

export const quoteName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
