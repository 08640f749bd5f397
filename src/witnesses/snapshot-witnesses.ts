import { type Facts, metaValue } from "../snapshot/facts.js";
import type { LiveTabletRow, WitnessRow } from "../snapshot/gen/tables.js";
import type { Witness } from "./witness.js";

/**
 * The tablets that earlier snapshots saw alive. Their silence proves nothing, so none is required: one that is still recorded is
 * required by its record.
 */
export const snapshotWitnesses = (earlier: readonly Facts[]): readonly Witness[] =>
  earlier.flatMap(seenAlive);

function seenAlive(facts: Facts): readonly Witness[] {
  const takenAt = metaValue(facts, "taken_at_ms") ?? "unknown";
  const dialled = new Map<string, WitnessRow>();
  for (const row of facts.witness) if (!dialled.has(row.address)) dialled.set(row.address, row);
  return facts.live_tablet.flatMap((tablet) => {
    const row = dialled.get(tablet.address);
    return row === undefined || tablet.alias === null
      ? []
      : [witnessOf(tablet, row, `taken_at_ms=${takenAt}`)];
  });
}

const witnessOf = (tablet: LiveTabletRow, row: WitnessRow, detail: string): Witness => ({
  source: "snapshot",
  detail,
  at: {
    host: row.host,
    grpcPort: row.grpc_port,
    httpPort: row.http_port,
    mysqlHost: row.mysql_host,
    mysqlPort: row.mysql_port,
  },
  alias: tablet.alias,
  keyspace: tablet.keyspace,
  required: false,
});
