import type { LiveTabletRow } from "../snapshot/facts.js";
import type { Witness } from "./witness.js";

/** The MySQL servers that others replicate from and that no other witness named: only MySQL can be asked there. */
export function replicaWitnesses(
  live: readonly LiveTabletRow[],
  known: readonly Witness[],
): readonly Witness[] {
  const knownMysql = new Set(known.map((witness) => `${witness.at.mysqlHost}:${witness.at.mysqlPort}`));
  return live.flatMap((row): readonly Witness[] => {
    const host = row.source_host ?? "";
    const port = row.source_port ?? 0;
    if (host === "" || port === 0 || knownMysql.has(`${host}:${port}`)) return [];
    return [
      {
        source: "replica",
        detail: row.address,
        at: { host: "", grpcPort: 0, httpPort: 0, mysqlHost: host, mysqlPort: port },
        alias: null,
        keyspace: row.keyspace,
        required: false,
      },
    ];
  });
}
