import type { Snapshot } from "../../snapshot/snapshot.js";
import type { TabletAddress } from "../../tablets/access.js";
import type { TabletRef } from "../plan.js";

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

const COLUMNS = `SELECT p.address, p.alias, p.cell, p.keyspace, p.shard, p.type, p.record, p.shard_record AS shardRecord,
  p.db_name AS dbName, coalesce(l.term_start, 0) AS termStart, l.read_only AS readOnly
  FROM process p JOIN live_tablet l USING (address) WHERE p.same_cluster = 1`;

export const processesOfShard = (snapshot: Snapshot, keyspace: string, shard: string): readonly Process[] =>
  snapshot.all<Process>(
    `${COLUMNS} AND p.keyspace = ? AND p.shard = ? ORDER BY p.alias, p.address`,
    keyspace,
    shard,
  );

export const processAt = (snapshot: Snapshot, address: string): Process | null =>
  snapshot.all<Process>(`${COLUMNS} AND p.address = ?`, address)[0] ?? null;

export const processesOfAlias = (snapshot: Snapshot, alias: string): readonly Process[] =>
  snapshot.all<Process>(`${COLUMNS} AND p.alias = ? ORDER BY p.address`, alias);

export const isPrimary = (process: Process): boolean => process.type === "PRIMARY";

/** Whether a question to the address was answered; false also where it was never asked. */
export const probed = (snapshot: Snapshot, address: string, channel: string): boolean =>
  snapshot.all("SELECT 1 FROM probe WHERE address = ? AND channel = ? AND answered = 1", address, channel)
    .length > 0;

export const tabletRef = (snapshot: Snapshot, process: Process): TabletRef => ({
  alias: process.alias,
  keyspace: process.keyspace,
  shard: process.shard,
  type: process.type,
  address: addressOf(snapshot, process.address),
});

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
  const separator = address.lastIndexOf(":");
  const first = <T>(pick: (witness: WitnessPorts) => T, unset: T): T =>
    witnesses.map(pick).find((value) => value !== unset) ?? unset;
  return {
    host: address.slice(0, separator),
    grpcPort: Number(address.slice(separator + 1)),
    httpPort: first((witness) => witness.httpPort, 0),
    mysqlHost: first((witness) => witness.mysqlHost, ""),
    mysqlPort: first((witness) => witness.mysqlPort, 0),
  };
};
