import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type {
  MysqlStatus,
  SequenceRow,
  SidecarRow,
  TableDefinition,
  TabletAddress,
  TabletIdentity,
  TabletReader,
  TabletStatus,
  TabletVars,
} from "../tablets/access.js";
import { flagValue } from "../tablets/command-line.js";
import type { SidecarRead, TableName } from "../tablets/queries.js";
import type { Faults } from "./faults.js";
import type { SimMysql } from "./mysql.js";
import { rowCount } from "./mysql-data.js";
import { readSidecar } from "./sidecar-reads.js";
import type { SimTablet } from "./tablet.js";

/** How the processes of the simulated cluster are found. */
export interface Directory {
  readonly faults: Faults;
  readonly hasMysqlCredentials: boolean;
  nowSeconds(): number;
  /** The running process that listens there. */
  byGrpc(host: string, port: number): SimTablet | null;
  byHttp(host: string, port: number): SimTablet | null;
  byMysql(host: string, port: number): SimMysql | null;
  /** Streams that read from it now. */
  streamersOf(tablet: SimTablet): number;
}

export class SimReader implements TabletReader {
  constructor(private readonly directory: Directory) {}

  identity(at: TabletAddress): Promise<Outcome<TabletIdentity>> {
    return this.#grpc(at, (tablet) =>
      answered({
        alias: tablet.name,
        keyspace: tablet.keyspace,
        shard: tablet.shard,
        type: TabletType[tablet.type] ?? "UNKNOWN",
        serving: tablet.serving,
        termStart: Number(tablet.term?.seconds ?? 0n),
        healthError: "",
      }),
    );
  }

  async vars(at: TabletAddress): Promise<Outcome<TabletVars>> {
    const tablet = this.directory.byHttp(at.host, at.httpPort);
    const where = `${at.host}:${at.httpPort}`;
    const fault = await this.directory.faults.ofTablet(names(tablet, where), "http");
    if (fault !== null) return fault;
    return tablet === null ? refused(where) : answered(varsOf(tablet, this.directory.streamersOf(tablet)));
  }

  status(at: TabletAddress): Promise<Outcome<TabletStatus>> {
    return this.#grpc(at, ({ mysql, version }) => {
      if (!mysql.running) return unanswered("failed", "Can't connect to local MySQL server (errno 2002)");
      const { hostname: _, ...status } = mysql.status();
      return answered({ ...status, replication: mysql.replication(version) });
    });
  }

  rows(at: TabletAddress, read: SidecarRead): Promise<Outcome<readonly SidecarRow[]>> {
    return this.#grpc(at, ({ mysql, version, sidecarName }) => {
      if (!mysql.running) return unanswered("failed", "Can't connect to local MySQL server (errno 2002)");
      return answered(readSidecar(mysql, read, this.directory.nowSeconds(), version, sidecarName));
    });
  }

  schema(at: TabletAddress): Promise<Outcome<readonly TableDefinition[]>> {
    return this.#grpc(at, ({ mysql, dbName }) => {
      if (!mysql.running) return unanswered("failed", "Can't connect to local MySQL server (errno 2002)");
      const tables = [...(mysql.data.databases.get(dbName)?.values() ?? [])];
      return answered(
        tables
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .map((table) => ({
            database: dbName,
            name: table.name,
            type: table.type,
            definition: table.definition,
            dataLength: table.type === "VIEW" ? 0 : 16_384,
            rowCount: rowCount(table),
          })),
      );
    });
  }

  sequences(at: TabletAddress, tables: readonly TableName[]): Promise<Outcome<readonly SequenceRow[]>> {
    return this.#grpc(at, ({ mysql }) => {
      if (!mysql.running) return unanswered("failed", "Can't connect to local MySQL server (errno 2002)");
      const found = tables.map(
        ({ database, name }) => mysql.data.databases.get(database)?.get(name)?.sequence,
      );
      if (found.includes(undefined))
        return unanswered("failed", "a table does not exist, or is no sequence (errno 1146, 1054)");
      return answered(
        tables.flatMap((table, place) => {
          const row = found[place] ?? null;
          return row === null ? [] : [{ ...table, ...row }];
        }),
      );
    });
  }

  async deniedTables(at: TabletAddress): Promise<Outcome<readonly string[]>> {
    const tablet = this.directory.byHttp(at.host, at.httpPort);
    const where = `${at.host}:${at.httpPort}`;
    const fault = await this.directory.faults.ofTablet(names(tablet, where), "http");
    if (fault !== null) return fault;
    return tablet === null ? refused(where) : answered(tablet.deniedTables.toSorted());
  }

  mysqlRows(at: TabletAddress, read: SidecarRead): Promise<Outcome<readonly SidecarRow[]>> {
    return this.#mysql(at, (mysql) => readSidecar(mysql, read, this.directory.nowSeconds()));
  }

  mysqlStatus(at: TabletAddress): Promise<Outcome<MysqlStatus>> {
    return this.#mysql(at, (mysql) => mysql.status());
  }

  leave(): void {}

  close(): void {}

  async #grpc<T>(at: TabletAddress, ask: (tablet: SimTablet) => Outcome<T>): Promise<Outcome<T>> {
    const tablet = this.directory.byGrpc(at.host, at.grpcPort);
    const where = `${at.host}:${at.grpcPort}`;
    const fault = await this.directory.faults.ofTablet(names(tablet, where), "grpc");
    if (fault !== null) return fault;
    return tablet === null ? refused(where) : ask(tablet);
  }

  async #mysql<T>(at: TabletAddress, ask: (mysql: SimMysql) => T): Promise<Outcome<T>> {
    if (!this.directory.hasMysqlCredentials)
      return unanswered("unsupported", "no MySQL user was given, so MySQL was not asked");
    const where = `${at.mysqlHost}:${at.mysqlPort}`;
    const fault = await this.directory.faults.ofTablet([where], "mysql");
    if (fault !== null) return fault;
    const mysql = this.directory.byMysql(at.mysqlHost, at.mysqlPort);
    return mysql === null ? refused(where) : answered(ask(mysql));
  }
}

export const names = (tablet: SimTablet | null, where: string): readonly string[] =>
  tablet === null ? [where] : [where, tablet.name];

export const refused = (where: string): Outcome<never> =>
  unanswered("unreachable", `connect ECONNREFUSED ${where}`);

const varsOf = (tablet: SimTablet, streamers: number): TabletVars => ({
  alias: tablet.name,
  keyspace: tablet.keyspace,
  shard: tablet.shard,
  type: TabletType[tablet.type] ?? "UNKNOWN",
  stateName: tablet.serving ? "SERVING" : "NOT_SERVING",
  buildVersion: tablet.version,
  keyRangeStart: tablet.keyRange.start,
  keyRangeEnd: tablet.keyRange.end,
  commandLineJson: JSON.stringify(tablet.commandLine),
  topoServer: flagValue(tablet.commandLine, "topo-global-server-address"),
  topoRoot: flagValue(tablet.commandLine, "topo-global-root"),
  streams: tablet.engine.streams,
  vstreamers: streamers,
});
