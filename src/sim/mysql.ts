import type { MysqlStatus, Replication } from "../tablets/access.js";
import type { SimClock } from "./clock.js";
import { emptyData, type MysqlData, newTable, type SimTable } from "./mysql-data.js";
import type { VitessVersion } from "./stream-row.js";
import { TableLocks } from "./table-locks.js";

export interface RowChange {
  readonly database: string;
  readonly table: string;
  readonly key: string;
  readonly content: string;
}

/** A row of a user table as the binary log tells it to who streams from here. */
export interface RowEvent extends RowChange {
  readonly uuid: string;
  readonly number: number;
}

export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  readonly uuid: string;
  readonly version: string;
  readonly clock: Pick<SimClock, "now">;
}

interface Transaction {
  readonly uuid: string;
  readonly number: number;
  readonly rows: readonly RowChange[];
}

/** One mysqld. Every write is one transaction: it takes the next GTID and reaches the replicas that replicate at that moment. */
export class SimMysql {
  readonly host: string;
  readonly port: number;
  readonly uuid: string;
  readonly version: string;
  /** Who uses which of its tables. */
  readonly locks: TableLocks;
  running = true;
  readOnly = false;
  superReadOnly = false;
  serverId: number;
  data: MysqlData = emptyData();
  /** server_uuid to the last transaction number. */
  readonly executed = new Map<string, number>();
  readonly binlog: RowEvent[] = [];
  replicationError = "";
  #source: SimMysql | null = null;
  #replicating = false;
  readonly #replicas = new Set<SimMysql>();

  constructor(options: MysqlOptions) {
    this.host = options.host;
    this.port = options.port;
    this.uuid = options.uuid;
    this.serverId = Number.parseInt(options.uuid, 16);
    this.version = options.version;
    this.locks = new TableLocks(options.clock);
  }

  get source(): SimMysql | null {
    return this.#source;
  }

  /** `uuid:1-99`, as `@@global.gtid_executed`. */
  get gtidExecuted(): string {
    return [...this.executed]
      .filter(([, last]) => last > 0)
      .map(([uuid, last]) => `${uuid}:${last === 1 ? "1" : `1-${last}`}`)
      .join(",\n");
  }

  /** The same as Vitess writes positions. */
  get position(): string {
    return `MySQL56/${this.gtidExecuted.replaceAll("\n", "")}`;
  }

  /** `rows`: the user rows that it wrote. `transactions`: more than one where only the last leaves something to see (heartbeats). */
  write(change: (data: MysqlData) => void, rows: readonly RowChange[] = [], transactions = 1): void {
    const number = (this.executed.get(this.uuid) ?? 0) + transactions;
    this.#apply(change, { uuid: this.uuid, number, rows });
  }

  insert(
    database: string,
    table: string,
    rows: readonly { readonly key: string; readonly content: string }[],
  ): void {
    if (rows.length === 0) return;
    this.write(
      (data) => {
        const target = data.databases.get(database)?.get(table);
        for (const { key, content } of rows) target?.rows.set(key, content);
      },
      rows.map((row) => ({ database, table, ...row })),
    );
  }

  createTable(
    database: string,
    name: string,
    definition: string,
    type: SimTable["type"] = "BASE TABLE",
  ): void {
    this.write((data) => {
      const tables = data.databases.get(database) ?? new Map<string, SimTable>();
      data.databases.set(database, tables);
      if (!tables.has(name)) tables.set(name, newTable(name, definition, type));
    });
  }

  table(database: string, name: string): SimTable | undefined {
    return this.data.databases.get(database)?.get(name);
  }

  /** Follows `source` from here on, with what it has. */
  attachTo(source: SimMysql): void {
    this.stopReplication();
    this.#source = source;
    this.#replicating = true;
    source.#replicas.add(this);
  }

  /** Becomes a replica of `source`, which it then equals. */
  replicateFrom(source: SimMysql): void {
    this.attachTo(source);
    this.data = structuredClone(source.data);
    for (const [uuid, last] of source.executed) this.executed.set(uuid, last);
    this.readOnly = true;
    this.superReadOnly = true;
  }

  /** Stands still; what the source writes in the meantime is not made up for. */
  breakReplication(error: string): void {
    this.#leave();
    this.#replicating = false;
    this.replicationError = error;
  }

  /** A server of its own again, as after `RESET REPLICA ALL`. */
  stopReplication(): void {
    this.#leave();
    this.#source = null;
    this.#replicating = false;
    this.replicationError = "";
  }

  status(): MysqlStatus {
    const replicates = this.#source !== null;
    const state = replicates ? (this.#replicating ? 3 : 1) : 0;
    return {
      hostname: this.host,
      serverUuid: this.uuid,
      serverVersion: this.version,
      readOnly: this.readOnly,
      superReadOnly: this.superReadOnly,
      position: this.position,
      sourceHost: this.#source?.host ?? "",
      sourcePort: this.#source?.port ?? 0,
      ioState: state,
      sqlState: state,
      lastError: this.replicationError,
    };
  }

  /** As a vttablet tells of it. Its plugins for semi-sync are not installed. */
  replication(vitess: VitessVersion): Replication {
    const source = this.#source;
    const isConfigured = source !== null && vitess !== "19.0.10";
    return {
      serverId: this.serverId,
      sourceUuid: source?.uuid ?? "",
      backupRunning: false,
      heartbeatInterval: isConfigured ? 30 : null,
      replicaNetTimeout: isConfigured ? 60 : null,
      semiSyncSource: false,
      semiSyncReplica: false,
      semiSyncWaits: false,
      semiSyncWaitCount: 0,
      semiSyncClients: 0,
      semiSyncBlocked: false,
    };
  }

  #leave(): void {
    if (this.#source !== null) this.#source.#replicas.delete(this);
  }

  #apply(change: (data: MysqlData) => void, log: Transaction): void {
    const { uuid, number } = log;
    this.executed.set(uuid, number);
    change(this.data);
    for (const row of log.rows) this.binlog.push({ ...row, uuid, number });
    for (const replica of this.#replicas) if (replica.running) replica.#apply(change, log);
  }
}
