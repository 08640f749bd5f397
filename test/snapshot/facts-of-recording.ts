import { readdirSync, readFileSync } from "node:fs";
import { emptyFacts, type Facts } from "../../src/snapshot/facts.js";
import type {
  EngineStreamRow,
  HeldTableRow,
  LiveTableRow,
  LiveTabletRow,
  ReplicationRow,
  TopoHistoryLockRow,
  TopoHistoryRow,
  TopoKeyRow,
  VreplicationRow,
} from "../../src/snapshot/gen/tables.js";

const SERVER = "127.0.0.1:2379";

interface RecordedKey {
  readonly key: string;
  readonly value_base64: string;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease: number | string;
}

interface RecordedEvent {
  readonly revision: number;
  readonly type: "put" | "delete";
  readonly key: string;
  readonly value_base64?: string;
}

type Row = Readonly<Record<string, string | number | null>>;

interface RecordedTablet {
  readonly uid: number;
  readonly vttablet_running: boolean;
  readonly databases: Readonly<Record<string, Readonly<Record<string, { create: string; rows: number }>>>>;
  readonly _vt: Readonly<Record<string, readonly Row[]>>;
  // biome-ignore lint/suspicious/noExplicitAny: vttablet's own JSON, read loosely on purpose
  readonly debug_vars: any;
  readonly mysql: Readonly<Record<string, Row | string | null>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly full_status: any;
}

const RECORDINGS = new URL("../../fixtures/recordings/", import.meta.url);

/** The facts that a collector would have seen at a recorded state of a real cluster (fixtures/recordings/README.md). */
export const factsOfRecording = (name: string, recordings = RECORDINGS): Facts => {
  const folder = new URL(`${name}/`, recordings);
  const json = <T>(file: string): T => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as T;
  const topology = json<{ revision: number; kvs: RecordedKey[] }>("topology.json");
  const files = readdirSync(folder);
  const tablets = readdirSync(new URL("tablets/", folder))
    .sort()
    .map((file) => json<RecordedTablet>(`tablets/${file}`))
    .filter(({ vttablet_running }) => vttablet_running);
  const streams = tablets.flatMap(streamRows);
  const takenAt = Math.max(SOME_MINUTES_LATER, ...streams.map(({ observed_at }) => observed_at));
  return {
    ...emptyFacts(),
    meta: [
      { name: "global_root", value: "/vitess/global" },
      { name: "global_server", value: SERVER },
      { name: "taken_at_ms", value: String(takenAt * 1000) },
    ],
    topo_server: [
      {
        server: SERVER,
        cluster_id: "1",
        version: "3.4.30",
        revision: topology.revision,
        horizon: 0,
        answered: 1,
        reason: null,
        message: null,
      },
    ],
    topo_root: [
      { name: "global", server: SERVER, root: "/vitess/global" },
      { name: "zone1", server: SERVER, root: "/vitess/zone1" },
    ],
    topo_key: topology.kvs.map(keyRow),
    ...(files.includes("history.json") ? historyOf(json<RecordedEvent[]>("history.json")) : {}),
    live_tablet: tablets.map((tablet) => liveRow(tablet, takenAt)),
    replication: tablets.map(replicationRow),
    probe: tablets.flatMap((tablet) =>
      ["health", "vars", "streams", "journals", "schema"].map((channel) => ({
        address: addressOf(tablet),
        channel,
        answered: 1,
        reason: null,
        message: null,
        required: 1,
        observed_at_ms: takenAt * 1000,
      })),
    ),
    vreplication: streams,
    live_table: tablets.flatMap(tableRows),
    // A collector asks one process of each shard.
    held_table: tablets.filter(isPrimary).flatMap(heldRows),
    engine_stream: tablets.flatMap(engineRows),
    copy_state: tablets.flatMap((tablet) => copyStates(tablet)),
    resharding_journal: tablets.flatMap((tablet) =>
      (tablet._vt.resharding_journal ?? []).map((row) => ({
        address: addressOf(tablet),
        id: journalId(row),
        db_name: String(row.db_name),
        val: String(row.val),
      })),
    ),
  };
};

const isHold = (database: string): boolean => database.startsWith("vtdoctor_hold_");

const isPrimary = (tablet: RecordedTablet): boolean => tablet.full_status?.status?.tabletType === "PRIMARY";

const heldRows = (tablet: RecordedTablet): readonly HeldTableRow[] =>
  Object.entries(tablet.databases)
    .filter(([database]) => isHold(database))
    .flatMap(([hold_schema, tables]) =>
      Object.entries(tables).map(([table_name, { rows }]) => ({
        address: addressOf(tablet),
        hold_schema,
        table_name,
        row_count: rows,
        bytes: null,
      })),
    );

const tableRows = (tablet: RecordedTablet): readonly LiveTableRow[] =>
  Object.entries(tablet.databases)
    .filter(([database]) => !isHold(database))
    .flatMap(([db_name, tables]) =>
      Object.entries(tables).map(([table_name, { create, rows }]) => ({
        address: addressOf(tablet),
        db_name,
        table_name,
        table_type: "BASE TABLE",
        definition: create,
        data_length: 0,
        row_count: rows,
      })),
    );

/** JSON.parse rounds the 64-bit id; the same id is in `val`. */
const journalId = (row: Row): string => /^id:(\d+)/.exec(String(row.val))?.[1] ?? String(row.id);

const keyRow = (recorded: RecordedKey): TopoKeyRow => ({
  server: SERVER,
  key: recorded.key,
  value: bytes(recorded.value_base64),
  create_revision: recorded.create_revision,
  mod_revision: recorded.mod_revision,
  version: recorded.version,
  lease: String(recorded.lease),
});

const bytes = (base64: string | undefined): Uint8Array => new Uint8Array(Buffer.from(base64 ?? "", "base64"));

const isLock = (key: string): boolean => /\/locks\/\d+$/.test(key);

const historyOf = (
  events: readonly RecordedEvent[],
): { readonly topo_history: TopoHistoryRow[]; readonly topo_history_lock: TopoHistoryLockRow[] } => {
  const alive = new Map<string, { value: Uint8Array; create: number; mod: number }>();
  const topo_history: TopoHistoryRow[] = [];
  const locks = new Map<string, TopoHistoryLockRow>();
  const finalKeys = new Set<string>();
  for (const { type, key } of events) type === "put" ? finalKeys.add(key) : finalKeys.delete(key);
  for (const { type, key, revision, value_base64 } of events) {
    const known = alive.get(key);
    if (type === "put") {
      alive.set(key, { value: bytes(value_base64), create: known?.create ?? revision, mod: revision });
      continue;
    }
    if (known !== undefined && !isLock(key)) {
      topo_history.push({
        server: SERVER,
        key,
        deleted_revision: revision,
        value: known.value,
        create_revision: known.create,
        mod_revision: known.mod,
        recreated: Number(finalKeys.has(key)),
        locks_known: 1,
      });
      for (const [lock, held] of alive) {
        if (!isLock(lock)) continue;
        locks.set(`${revision} ${lock}`, {
          server: SERVER,
          deleted_revision: revision,
          key: lock,
          value: held.value,
          mod_revision: held.mod,
        });
      }
    }
    alive.delete(key);
  }
  return { topo_history, topo_history_lock: [...locks.values()] };
};

const argument = (tablet: RecordedTablet, name: string): string => {
  const line: readonly string[] = tablet.debug_vars.cmdline;
  const at = line.findIndex((word) => word.replace(/_/g, "-") === `--${name}`);
  return line[at + 1] ?? "";
};

const addressOf = (tablet: RecordedTablet): string => `127.0.0.1:${argument(tablet, "grpc-port")}`;

const liveRow = (tablet: RecordedTablet, takenAt: number): LiveTabletRow => {
  const vars = tablet.debug_vars;
  const replica = tablet.full_status.status.replicationStatus;
  return {
    address: addressOf(tablet),
    alias: vars.TabletAlias,
    keyspace: vars.TabletKeyspace,
    shard: vars.TabletShard,
    type: String(vars.TabletType).toUpperCase(),
    serving: Number(vars.TabletStateName === "SERVING"),
    term_start: null,
    health_error: "",
    state_name: vars.TabletStateName,
    build_version: vars.BuildVersion,
    key_range_start: vars.TabletKeyRangeStart,
    key_range_end: vars.TabletKeyRangeEnd,
    topo_server: argument(tablet, "topo-global-server-address"),
    topo_root: argument(tablet, "topo-global-root"),
    command_line_json: JSON.stringify(vars.cmdline),
    vstreamers: vars.VStreamerCount,
    server_uuid: tablet.full_status.status.serverUuid,
    server_version: tablet.full_status.status.version,
    read_only: Number(tablet.mysql.read_only),
    super_read_only: Number(tablet.mysql.super_read_only),
    position: String(tablet.mysql.gtid_executed),
    source_host: replica?.sourceHost ?? "",
    source_port: replica?.sourcePort ?? 0,
    io_state: replica?.ioState ?? 0,
    sql_state: replica?.sqlState ?? 0,
    mysql_port: null,
    replication_error: "",
    observed_at_ms: takenAt * 1000,
  };
};

const replicationRow = (tablet: RecordedTablet): ReplicationRow => {
  const { status } = tablet.full_status;
  return {
    address: addressOf(tablet),
    server_id: status.serverId,
    source_uuid: status.replicationStatus?.sourceUuid ?? "",
    backup_running: 0,
    heartbeat_interval: status.replicationConfiguration?.heartbeatInterval ?? null,
    replica_net_timeout: status.replicationConfiguration?.replicaNetTimeout ?? null,
    semi_sync_source: Number(status.semiSyncPrimaryEnabled),
    semi_sync_replica: Number(status.semiSyncReplicaEnabled),
    semi_sync_waits: Number(status.semiSyncPrimaryStatus),
    semi_sync_wait_count: status.semiSyncWaitForReplicaCount,
    semi_sync_clients: status.semiSyncPrimaryClients,
    semi_sync_blocked: Number(status.semiSyncBlocked),
  };
};

const streamRows = (tablet: RecordedTablet): readonly VreplicationRow[] =>
  (tablet._vt.vreplication ?? []).map((row) => ({
    address: addressOf(tablet),
    channel: "grpc",
    id: Number(row.id),
    workflow: String(row.workflow),
    db_name: String(row.db_name),
    source: String(row.source),
    pos: text(row.pos),
    stop_pos: text(row.stop_pos),
    state: String(row.state),
    message: text(row.message),
    cell: text(row.cell),
    tablet_types: text(row.tablet_types),
    time_updated: secondsOf(row.time_updated),
    transaction_timestamp: Number(row.transaction_timestamp),
    time_heartbeat: Number(row.time_heartbeat),
    rows_copied: Number(row.rows_copied),
    workflow_type: Number(row.workflow_type),
    workflow_sub_type: Number(row.workflow_sub_type),
    defer_secondary_keys: Number(row.defer_secondary_keys),
    options: null,
    tags: text(row.tags),
    max_tps: text(row.max_tps),
    max_replication_lag: text(row.max_replication_lag),
    created_at: null,
    time_throttled: null,
    component_throttled: null,
    reason_throttled: null,
    log_type: null,
    log_state: null,
    log_message: null,
    log_count: null,
    log_created_at: null,
    log_updated_at: null,
    observed_at: Math.max(Number(row.time_heartbeat), secondsOf(row.time_updated)) + 1,
  }));

/** Than the recordings of interrupted switches, so that their locks are as old as those that somebody left. */
const SOME_MINUTES_LATER = 1_795_560_001;

/** A creation writes 14 digits of `NOW()`. */
const secondsOf = (time: string | number | null | undefined): number =>
  Number(time) > 99_999_999_999 ? 0 : Number(time);

const text = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value);

const engineRows = (tablet: RecordedTablet): readonly EngineStreamRow[] =>
  Object.entries(tablet.debug_vars.VReplicationStreamState as Record<string, string>).map(
    ([name, state]) => ({
      address: addressOf(tablet),
      id: Number(name.slice(name.lastIndexOf(".") + 1)),
      workflow: name.slice(0, name.indexOf(".")),
      state,
      source: null,
      source_tablet: null,
      last_message: null,
      heartbeat: null,
      rowless_ms: null,
    }),
  );

const copyStates = (tablet: RecordedTablet) => {
  const seen = new Map(
    (tablet._vt.copy_state ?? []).map((row) => [`${row.vrepl_id} ${row.table_name}`, row] as const),
  );
  return [...seen.values()].map((row) => ({
    address: addressOf(tablet),
    vrepl_id: Number(row.vrepl_id),
    table_name: String(row.table_name),
  }));
};
