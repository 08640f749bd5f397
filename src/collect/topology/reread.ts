import type { TopoLeaseRow } from "../../snapshot/gen/tables.js";
import type { Entry } from "../../topology/store.js";
import { inParallel } from "../tablets/pool.js";
import { prefixesToRead } from "./roots.js";
import type { MovedKey, ServerReading, TopologyReading } from "./servers.js";

/** Past this many changed keys of one server, reading all of them again is cheaper than one by one. */
const ONE_BY_ONE = 64;

/**
 * Compares every key with what it is now, after the tablets have answered, and takes over the newer state of what moved: a finding
 * that rests on a moved key can only be suspected (docs/decisions.md#d6). A server that no longer answers counts as unanswered.
 */
export async function readAgain(topology: TopologyReading): Promise<TopologyReading> {
  const again = await Promise.all(topology.servers.map(readServerAgain));
  return {
    ...topology,
    servers: again.map(({ reading }) => reading),
    moved: again.flatMap(({ reading, moved }) => moved.map((key) => ({ server: reading.server, key }))),
  };
}

interface ServerAgain {
  readonly reading: ServerReading;
  readonly moved: readonly MovedKey["key"][];
}

async function readServerAgain(reading: ServerReading): Promise<ServerAgain> {
  if (reading.revision === null) return { reading, moved: [] };
  const now = await readAll(reading, null, true);
  if (now.kind === "failed")
    return { reading: { ...reading, failure: reading.failure ?? now.failure }, moved: [] };
  const moved = movedKeys(reading.entries, now.entries);
  const entries = await newerState(reading, now.entries, moved, now.revision);
  if (entries.kind === "failed")
    return { reading: { ...reading, failure: reading.failure ?? entries.failure }, moved };
  return { reading: { ...reading, revision: now.revision, entries: entries.entries }, moved };
}

type Read =
  | { readonly kind: "read"; readonly revision: number; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: "failed"; readonly failure: NonNullable<ServerReading["failure"]> };

async function readAll(reading: ServerReading, at: number | null, keysOnly: boolean): Promise<Read> {
  const entries = new Map<string, Entry>();
  let revision = at;
  for (const prefix of prefixesToRead(reading.prefixes)) {
    const read = await reading.reader.range(
      revision === null ? { prefix, keysOnly } : { prefix, keysOnly, revision },
    );
    if (read.kind === "unanswered") return { kind: "failed", failure: read };
    revision ??= read.value.revision;
    for (const entry of read.value.entries) entries.set(entry.key, entry);
  }
  return { kind: "read", revision: revision ?? reading.revision ?? 0, entries };
}

function movedKeys(before: ReadonlyMap<string, Entry>, now: ReadonlyMap<string, Entry>): readonly string[] {
  const all = new Set([...before.keys(), ...now.keys()]);
  return [...all].filter((key) => before.get(key)?.modRevision !== now.get(key)?.modRevision).sort();
}

async function newerState(
  reading: ServerReading,
  now: ReadonlyMap<string, Entry>,
  moved: readonly string[],
  revision: number,
): Promise<Read> {
  if (moved.length > ONE_BY_ONE) return readAll(reading, revision, false);
  const entries = new Map(reading.entries);
  for (const key of moved) {
    entries.delete(key);
    if (!now.has(key)) continue;
    const read = await reading.reader.get(key, revision);
    if (read.kind === "unanswered") return { kind: "failed", failure: read };
    if (read.value.entry !== null) entries.set(key, read.value.entry);
  }
  return { kind: "read", revision, entries };
}

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
