import type { TopoLeaseRow } from "../snapshot/gen/tables.js";
import { inParallel } from "./pool.js";
import type { ServerReading } from "./topology-reading.js";

const AT_ONCE = 8;

/** The leases of every leased key: locks and elections. One that is gone or did not answer has no row: its time is not known. */
export async function readLeases(servers: readonly ServerReading[]): Promise<readonly TopoLeaseRow[]> {
  const leased = servers.flatMap((reading) =>
    [...new Set([...reading.entries.values()].map(({ lease }) => lease))]
      .filter((lease) => lease !== "0")
      .map((lease) => ({ reading, lease })),
  );
  const rows = await inParallel(
    leased,
    AT_ONCE,
    async ({ reading, lease }): Promise<readonly TopoLeaseRow[]> => {
      const state = await reading.reader.lease(lease);
      if (state.kind === "unanswered" || state.value === null) return [];
      return [{ server: reading.server, lease, ttl: state.value.ttl, granted_ttl: state.value.grantedTtl }];
    },
  );
  return rows.flat();
}
