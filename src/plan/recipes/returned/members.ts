import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { Process } from "../../view/processes.js";
import type { Returned } from "./inspect.js";

/** A tablet of the shard: by its record, by ShardReplication, or by its process. */
export interface Member {
  readonly alias: string;
  readonly record: TabletFact | null;
  /** Null where it does not answer. */
  readonly process: Process | null;
}

interface TabletFact {
  readonly server: string;
  readonly key: string;
  readonly type: string;
  /** `host:port`; empty where the process has ended and said so (docs/vitess.md#shutdown). */
  readonly address: string;
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly mysqlHost: string;
  readonly mysqlPort: number;
}

export const membersOf = (snapshot: Snapshot, shard: Returned): readonly Member[] => {
  const records = new Map(
    snapshot
      .all<TabletFact & { readonly alias: string }>(
        `SELECT alias, server, key, type, CASE WHEN hostname = '' THEN '' ELSE hostname || ':' || grpc_port END AS address, hostname AS host,
           grpc_port AS grpcPort, http_port AS httpPort, mysql_host AS mysqlHost, mysql_port AS mysqlPort
         FROM tablet WHERE keyspace = ? AND shard = ?`,
        shard.keyspace,
        shard.shard,
      )
      .map(({ alias, ...record }) => [alias, record]),
  );
  const listed = snapshot.all<{ alias: string }>(
    "SELECT alias FROM shard_replication WHERE keyspace = ? AND shard = ?",
    shard.keyspace,
    shard.shard,
  );
  const processes = new Map(shard.processes.map((process) => [process.alias, process]));
  return [...new Set([...records.keys(), ...listed.map(({ alias }) => alias), ...processes.keys()])]
    .sort()
    .map((alias) => ({
      alias,
      record: records.get(alias) ?? null,
      process: processes.get(alias) ?? null,
    }));
};
