import type { Facts } from "../facts.js";
import type { ProcessRow } from "../gen/tables.js";
import { groupBy } from "./order.js";

/** A row of a sidecar, as a tablet's MySQL gave it. */
interface SidecarRow {
  readonly address: string;
  readonly db_name: string;
}

/**
 * Whether a row of `_vt` that a tablet shows is of the database of another vttablet on the same MySQL server (`--init_db_name_override`).
 * They have one `_vt`, and each runs what has its own `db_name` (v24 vreplication/engine.go `readAllRows`).
 */
export const neighboursRows = (
  facts: Facts,
  processes: readonly ProcessRow[],
): ((row: SidecarRow) => boolean) => {
  const databases = new Map(processes.map(({ address, db_name }) => [address, db_name]));
  const others = new Map<string, ReadonlySet<string>>();
  for (const [uuid, servers] of groupBy(facts.live_tablet, ({ server_uuid }) => server_uuid ?? "")) {
    const there = new Set(servers.flatMap(({ address }) => databases.get(address) ?? []));
    if (uuid === "" || there.size < 2) continue;
    for (const { address } of servers) others.set(address, there);
  }
  return ({ address, db_name }) =>
    databases.get(address) !== db_name && others.get(address)?.has(db_name) === true;
};
