import type { Witness } from "./witness.js";

/** A server and where it replicates from: empty and 0 where it does not. */
export interface Replica {
  readonly address: string;
  readonly keyspace: string | null;
  readonly sourceHost: string;
  readonly sourcePort: number;
}

/** The MySQL servers that others replicate from and that no other witness named: only MySQL can be asked there. */
export function replicaWitnesses(
  replicas: readonly Replica[],
  known: readonly Witness[],
): readonly Witness[] {
  const knownMysql = new Set(known.map((witness) => `${witness.at.mysqlHost}:${witness.at.mysqlPort}`));
  return replicas.flatMap(({ address, keyspace, sourceHost: host, sourcePort: port }): readonly Witness[] => {
    if (host === "" || port === 0 || knownMysql.has(`${host}:${port}`)) return [];
    return [
      {
        source: "replica",
        detail: address,
        at: { host: "", grpcPort: 0, httpPort: 0, mysqlHost: host, mysqlPort: port },
        alias: null,
        keyspace,
        required: false,
      },
    ];
  });
}
