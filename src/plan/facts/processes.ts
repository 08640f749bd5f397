import type { Snapshot } from "../../snapshot/snapshot.js";
import type { TabletAddress } from "../../tablets/access.js";
import { flagValue } from "../../tablets/command-line.js";
import type { TabletRef } from "../fields.js";

/** A process that answered, of this cluster, with what the topology says of it. */
export interface Process {
  readonly address: string;
  readonly alias: string;
  readonly cell: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly type: string;
  readonly record: "present" | "absent" | "unknown" | "other-address";
  readonly shardRecord: "present" | "absent" | "unknown" | "other-address";
  readonly dbName: string;
  /** Unix seconds of its primary term, 0 for others. */
  readonly termStart: number;
  /** Null where its MySQL did not say. */
  readonly readOnly: number | null;
}

interface Row extends Process {
  readonly serverUuid: string | null;
  /** 0 where the topology or its history names the address. */
  readonly remoteness: number;
}

const COLUMNS = `SELECT p.address, p.alias, p.cell, p.keyspace, p.shard, p.type, p.record, p.shard_record AS shardRecord,
    p.db_name AS dbName, coalesce(l.term_start, 0) AS termStart, l.read_only AS readOnly, l.server_uuid AS serverUuid,
    (SELECT min(CASE w.source WHEN 'topology' THEN 0 WHEN 'history' THEN 0 ELSE 1 END) FROM witness w WHERE w.address = p.address) AS remoteness
  FROM process p JOIN live_tablet l USING (address) WHERE p.same_cluster = 1`;

export const processesOfShard = (snapshot: Snapshot, keyspace: string, shard: string): readonly Process[] =>
  onePerProcess(
    snapshot.all<Row>(
      `${COLUMNS} AND p.keyspace = ? AND p.shard = ? ORDER BY p.alias, remoteness, p.address`,
      keyspace,
      shard,
    ),
  );

export const processesOfKeyspace = (snapshot: Snapshot, keyspace: string): readonly Process[] =>
  onePerProcess(
    snapshot.all<Row>(
      `${COLUMNS} AND p.keyspace = ? ORDER BY p.shard, p.alias, remoteness, p.address`,
      keyspace,
    ),
  );

export const processesOfAlias = (snapshot: Snapshot, alias: string): readonly Process[] =>
  onePerProcess(snapshot.all<Row>(`${COLUMNS} AND p.alias = ? ORDER BY remoteness, p.address`, alias));

/** Null also for the second address of a process that answers at two. */
export const processAt = (snapshot: Snapshot, address: string): Process | null => {
  const [row] = snapshot.all<Row>(`${COLUMNS} AND p.address = ?`, address);
  return row === undefined
    ? null
    : (processesOfAlias(snapshot, row.alias).find((process) => process.address === address) ?? null);
};

/** One process may answer at two addresses (a name and a number): the one that its record names speaks for it. */
const onePerProcess = (rows: readonly Row[]): readonly Process[] =>
  rows
    .filter((row, at) => !rows.slice(0, at).some((earlier) => isSameProcess(earlier, row)))
    .map(({ serverUuid, remoteness, ...process }) => process);

const isSameProcess = (one: Row, other: Row): boolean =>
  one.alias === other.alias &&
  one.serverUuid !== null &&
  one.serverUuid === other.serverUuid &&
  portOf(one.address) === portOf(other.address);

/** Aliases that more than one process claims. */
export const claimedTwice = (processes: readonly Process[]): ReadonlySet<string> =>
  new Set(
    processes
      .filter(({ alias }, at) => processes.findIndex((other) => other.alias === alias) !== at)
      .map(({ alias }) => alias),
  );

const portOf = (address: string): string => address.slice(address.lastIndexOf(":") + 1);

export const isPrimary = (process: Process): boolean => process.type === "PRIMARY";

/** Whether a question to the address was answered; false also where it was never asked. */
export const probed = (snapshot: Snapshot, address: string, channel: string): boolean =>
  snapshot.rows("probe", { address, channel, answered: 1 }).length > 0;

/** Whether nothing listens there: docs/safety.md#a-refused-connection. */
export const isClosed = (snapshot: Snapshot, address: string): boolean =>
  snapshot.rows("closed_address", { address }).length > 0;

export const tabletRef = (snapshot: Snapshot, process: Process): TabletRef => {
  const address = addressOf(snapshot, process.address);
  return {
    alias: process.alias,
    keyspace: process.keyspace,
    shard: process.shard,
    type: process.type,
    address,
    ...recordOf(snapshot, process.alias, address),
    ...marksOf(snapshot, process),
  };
};

/** Nothing where the record says another place: an inventory override led to the process, and overrides win. */
const recordOf = (
  snapshot: Snapshot,
  alias: string,
  { host, grpcPort, httpPort }: TabletAddress,
): Pick<TabletRef, "record"> => {
  const [record] = snapshot.rows("tablet", {
    alias,
    hostname: host,
    grpc_port: grpcPort,
    http_port: httpPort,
  });
  return record === undefined ? {} : { record: { server: record.server, key: record.key } };
};

const marksOf = (
  snapshot: Snapshot,
  { address, termStart }: Process,
): Pick<TabletRef, "serverUuid" | "termStart" | "topoServer" | "topoRoot"> => {
  const [marks] = snapshot.rows("live_tablet", { address });
  return {
    ...(marks?.server_uuid ? { serverUuid: marks.server_uuid } : {}),
    ...(termStart > 0 ? { termStart } : {}),
    ...(marks?.topo_server ? { topoServer: marks.topo_server } : {}),
    ...(marks?.topo_root ? { topoRoot: marks.topo_root } : {}),
  };
};

interface WitnessPorts {
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly mysqlHost: string;
  readonly mysqlPort: number;
}

/** What the witnesses of an address know of its ports together; a port that nobody knows is 0. */
const addressOf = (snapshot: Snapshot, address: string): TabletAddress => {
  const witnesses = snapshot.all<WitnessPorts>(
    `SELECT host, grpc_port AS grpcPort, http_port AS httpPort, mysql_host AS mysqlHost, mysql_port AS mysqlPort
     FROM witness WHERE address = ?
     ORDER BY CASE source WHEN 'inventory' THEN 0 WHEN 'topology' THEN 1 ELSE 2 END, source, detail`,
    address,
  );
  const first = <T>(pick: (witness: WitnessPorts) => T, unset: T): T =>
    witnesses.map(pick).find((value) => value !== unset) ?? unset;
  return {
    host: address.slice(0, address.lastIndexOf(":")),
    grpcPort: Number(portOf(address)),
    httpPort: first((witness) => witness.httpPort, 0),
    mysqlHost: first((witness) => witness.mysqlHost, ""),
    mysqlPort: first((witness) => witness.mysqlPort, 0),
  };
};

/** What a process itself says of its addresses, by its command line (`/debug/vars`) and its MySQL; undefined where it does not. */
export interface ProcessFlags {
  readonly hostname: string | undefined;
  readonly grpcPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly mysqlHost: string | undefined;
  readonly mysqlPort: number | undefined;
}

export const processFlags = (snapshot: Snapshot, address: string): ProcessFlags => {
  const [live] = snapshot.rows("live_tablet", { address });
  const line = JSON.parse(live?.command_line_json ?? "[]") as readonly string[];
  const text = (flag: string): string | undefined => flagValue(line, flag) || undefined;
  const port = (flag: string): number | undefined => {
    const value = Number(text(flag));
    return Number.isInteger(value) && value > 0 ? value : undefined;
  };
  return {
    hostname: text("tablet-hostname"),
    grpcPort: port("grpc-port"),
    httpPort: port("port"),
    mysqlHost: text("db-host"),
    mysqlPort: port("db-port") ?? live?.mysql_port ?? undefined,
  };
};

/**
 * Tables of Vitess's own: table GC of v20+ and before it, shadow tables of Online DDL, the old tables of pt-osc and of
 * `MoveTables complete --rename-tables` (go/vt/schema IsInternalOperationTableName).
 */
const INTERNAL = [
  /^_vt_[a-z0-9]{3}_[0-9a-f]{32}_[0-9]{14}_$/,
  /^_vt_(HOLD|PURGE|EVAC|DROP)_[0-9a-f]{32}_[0-9]{14}$/,
  /^_[0-9a-f_]{36}_[0-9]{14}_(gho|ghc|del|new|vrepl)$/,
  /^_.*_old$/,
];

const isInternal = (table: string): boolean => INTERNAL.some((pattern) => pattern.test(table));

/** Of one database on a tablet, ascending, without Vitess's own. */
export const baseTables = (snapshot: Snapshot, address: string, dbName: string): readonly string[] =>
  snapshot
    .rows("live_table", { address, db_name: dbName, table_type: "BASE TABLE" })
    .map(({ table_name }) => table_name)
    .filter((name) => !isInternal(name));

/** Of a process whose record is `unknown`. */
export const unknownRecordOf = (alias: string): string =>
  `the record of ${alias} can not be read, or its cell did not answer: nobody knows whether it is this process's`;
