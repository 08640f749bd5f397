import type { Outcome } from "../cluster/outcome.js";
import type { SidecarRead, TableName } from "./queries.js";

/** Where one vttablet (or only its MySQL) can be reached; ports are 0 where unknown. */
export interface TabletAddress {
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly mysqlHost: string;
  readonly mysqlPort: number;
}

/**
 * The low read port to running tablets (docs/decisions.md#d3, docs/decisions.md#d9). It takes no free SQL: every query is a constant of
 * `queries.ts`. Each call has its deadline, and a bounded number runs per host and in all. Real: `grpc.ts`, `http.ts`, `mysql.ts`, joined
 * by `reader.ts`; simulated: `sim/tablets.ts`. Both pass `test/contract/tablet-access.ts`.
 */
export interface TabletReader {
  /** The first message of QueryService.StreamHealth: who this process says it is. */
  identity(at: TabletAddress): Promise<Outcome<TabletIdentity>>;
  /** `/debug/vars` over HTTP, reduced to what vtdoctor reads. */
  vars(at: TabletAddress): Promise<Outcome<TabletVars>>;
  /** TabletManager.FullStatus. */
  status(at: TabletAddress): Promise<Outcome<TabletStatus>>;
  /** Rows of the sidecar database by TabletManager.ExecuteFetchAsDba. */
  rows(at: TabletAddress, read: SidecarRead): Promise<Outcome<readonly SidecarRow[]>>;
  /** TabletManager.GetSchema of the tablet's own database, views included. */
  schema(at: TabletAddress): Promise<Outcome<readonly TableDefinition[]>>;
  /** Of the rows of id 0 of these sequence tables, by TabletManager.ExecuteFetchAsDba: a table without one has no answer. */
  sequences(at: TabletAddress, tables: readonly TableName[]): Promise<Outcome<readonly SequenceRow[]>>;
  /** `/debug/query_rules` over HTTP: the tables that this process denies. `denied` where it shows that to nobody. */
  deniedTables(at: TabletAddress): Promise<Outcome<readonly string[]>>;
  /**
   * The same rows from MySQL itself in a READ ONLY session; `unsupported` where no MySQL credentials were given, `denied` for
   * `holds` and `triggers` where the user can not see all of them.
   */
  mysqlRows(at: TabletAddress, read: SidecarRead, sidecar: string): Promise<Outcome<readonly SidecarRow[]>>;
  /** Who the MySQL behind it is, whether it takes writes, and from where it replicates. */
  mysqlStatus(at: TabletAddress): Promise<Outcome<MysqlStatus>>;
  /** Nothing more is asked there for now: an open connection need not wait for the next question. */
  leave(at: TabletAddress): void;
  close(): void;
}

/**
 * The write half. Never send a publishing call (`changeTags`, `changeType`) to a tablet whose record is missing unless ending it is the purpose
 * (docs/decisions.md#d19; docs/vitess.md#stopping-an-orphan).
 */
export interface TabletWriter {
  /** TabletManager.VReplicationExec: one statement on `_vt.vreplication` or `_vt.resharding_journal`; `closed` on a non-PRIMARY. */
  vreplicationExec(at: TabletAddress, query: string): Promise<Outcome<ExecResult>>;
  /** TabletManager.DeleteVReplicationWorkflow: stops the controllers and deletes rows, copy_state and post_copy_action. */
  deleteWorkflow(at: TabletAddress, workflow: string): Promise<Outcome<ExecResult>>;
  /** TabletManager.ExecuteFetchAsDba with a statement that a step made; binlogged, one statement. */
  executeAsDba(at: TabletAddress, statement: string, options: DbaOptions): Promise<Outcome<ExecResult>>;
  /**
   * TabletManager.ExecuteMultiFetchAsDba: these statements in one session, until one fails; the rows of the last. `unsupported` before
   * v20. As with `executeAsDba` the caller's deadline ends the call and not the statement (v24 tabletmanager/rpc_query.go).
   */
  executeMultiAsDba(
    at: TabletAddress,
    statements: readonly string[],
    options: DbaOptions,
  ): Promise<Outcome<ExecResult>>;
  /** TabletManager.RefreshState: re-reads Shard and SrvKeyspace; fails where one is missing. */
  refreshState(at: TabletAddress): Promise<Outcome<null>>;
  /** TabletManager.VDiff, action delete, argument all. */
  deleteVDiffs(at: TabletAddress, keyspace: string, workflow: string): Promise<Outcome<null>>;
  /**
   * TabletManager.ChangeTags without tags: publishes, so that an orphan ends itself (docs/vitess.md#stopping-an-orphan). `unsupported`
   * before v21.
   */
  changeTags(at: TabletAddress): Promise<Outcome<null>>;
  /** TabletManager.ChangeType, without semi-sync: publishes too, in every version. `type`: never PRIMARY (docs/vitess.md#tablet-rpcs). */
  changeType(at: TabletAddress, type: NonPrimaryType): Promise<Outcome<null>>;
  close(): void;
}

export type NonPrimaryType = "REPLICA" | "RDONLY" | "SPARE";

export interface DbaOptions {
  readonly reloadSchema: boolean;
  readonly disableForeignKeyChecks: boolean;
}

export interface ExecResult {
  readonly rowsAffected: number;
}

export interface TabletIdentity {
  /** `zone1-0000000100`. */
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  /** Upper case, as in topodata.TabletType: PRIMARY, REPLICA, RDONLY, ... */
  readonly type: string;
  readonly serving: boolean;
  /** Unix seconds of the primary term; 0 for others. */
  readonly termStart: number;
  readonly healthError: string;
}

export interface TabletVars {
  readonly alias: string;
  readonly keyspace: string;
  readonly shard: string;
  /** Upper case. */
  readonly type: string;
  /** SERVING, NOT_SERVING, ... */
  readonly stateName: string;
  readonly buildVersion: string;
  /** Hex; empty for an unsharded or unbounded side. */
  readonly keyRangeStart: string;
  readonly keyRangeEnd: string;
  /**
   * The process's arguments as a JSON array, for the topology it was started with (docs/decisions.md#d7); values of password flags are
   * `***`. One text, since a vttablet has a hundred of them and a scan keeps those of every tablet.
   */
  readonly commandLineJson: string;
  /** Empty where the arguments do not say it (a configuration file does). */
  readonly topoServer: string;
  readonly topoRoot: string;
  readonly streams: readonly EngineStream[];
  /** Streams that this tablet serves as a source. */
  readonly vstreamers: number;
}

/** A stream that the engine has in memory, whether or not its row still exists. */
export interface EngineStream {
  readonly id: number;
  readonly workflow: string;
  readonly state: string;
  /** `keyspace/shard`. */
  readonly source: string;
  /** `zone1-0000000100`; empty before the engine picked one, and again once the stream is stopped. */
  readonly sourceTablet: string;
  /** The newest of the engine's last messages, without its time. */
  readonly lastMessage: string;
  /** Unix seconds; 0: never. */
  readonly heartbeat: number;
}

/** A MySQL, as FullStatus and MySQL itself tell of it. */
interface ServerStatus {
  readonly serverUuid: string;
  readonly serverVersion: string;
  readonly readOnly: boolean;
  readonly superReadOnly: boolean;
  /** The executed GTID position of this MySQL. */
  readonly position: string;
  /** Empty where it does not replicate. */
  readonly sourceHost: string;
  readonly sourcePort: number;
  readonly ioState: number;
  readonly sqlState: number;
  readonly lastError: string;
}

export interface TabletStatus extends ServerStatus {
  readonly replication: Replication;
}

/** What only FullStatus tells (replicationdata.proto); what a version does not know is false, 0 or null. */
export interface Replication {
  readonly serverId: number;
  /** Empty where it does not replicate, or never reached its source. */
  readonly sourceUuid: string;
  /** A backup runs on it, which may stop its replication; since v22. */
  readonly backupRunning: boolean;
  /** Seconds; null where it does not replicate, and before v20. */
  readonly heartbeatInterval: number | null;
  readonly replicaNetTimeout: number | null;
  /** The variables of the plugins for sources and replicas; false where they are not installed. */
  readonly semiSyncSource: boolean;
  readonly semiSyncReplica: boolean;
  /** Of a source: its commits wait for acknowledgements; of how many replicas; and how many are connected that give them. */
  readonly semiSyncWaits: boolean;
  readonly semiSyncWaitCount: number;
  readonly semiSyncClients: number;
  /** Every write hangs for want of an acknowledgement; since v22 (tabletmanager/semisyncmonitor). */
  readonly semiSyncBlocked: boolean;
}

export interface MysqlStatus extends ServerStatus {
  readonly hostname: string;
}

/** Column to text; bytes that are no UTF-8 (a compressed `pos`) come as `base64:...`; null is SQL NULL. */
export type SidecarRow = Readonly<Record<string, string | null>>;

export interface SequenceRow {
  readonly database: string;
  readonly name: string;
  /** Decimal, as MySQL has it; empty for NULL. */
  readonly nextId: string;
  readonly cache: string;
}

export interface TableDefinition {
  readonly database: string;
  readonly name: string;
  /** `BASE TABLE` or `VIEW`. */
  readonly type: string;
  readonly definition: string;
  /** Bytes and rows as MySQL estimates them: up to a day old, 0 for a table that was filled since. */
  readonly dataLength: number;
  readonly rowCount: number;
}
