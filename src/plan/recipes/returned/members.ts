import type { TabletRow } from "../../../snapshot/gen/tables.js";
import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { Process } from "../../view/processes.js";
import type { Returned } from "./old-streams.js";

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
  const of = { keyspace: shard.keyspace, shard: shard.shard };
  const records = new Map(snapshot.rows("tablet", of).map((row) => [row.alias, tabletFact(row)]));
  const listed = snapshot.rows("shard_replication", of);
  const processes = new Map(shard.processes.map((process) => [process.alias, process]));
  return [...new Set([...records.keys(), ...listed.map(({ alias }) => alias), ...processes.keys()])]
    .sort()
    .map((alias) => ({
      alias,
      record: records.get(alias) ?? null,
      process: processes.get(alias) ?? null,
    }));
};

const tabletFact = (row: TabletRow): TabletFact => ({
  server: row.server,
  key: row.key,
  type: row.type,
  address: row.hostname === "" ? "" : `${row.hostname}:${row.grpc_port}`,
  host: row.hostname,
  grpcPort: row.grpc_port,
  httpPort: row.http_port,
  mysqlHost: row.mysql_host,
  mysqlPort: row.mysql_port,
});
