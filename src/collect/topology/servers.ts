import { DoctorError } from "../../cluster/errors.js";
import { type Outcome, type Unanswered, unanswered } from "../../cluster/outcome.js";
import type { TopoLeaseRow, TopoRootRow } from "../../snapshot/gen/tables.js";
import type { Entry, ServerStatus, TopologyReader } from "../../topology/store.js";
import type { CollectSources } from "../settings.js";

/** A server that was dialled and said, or did not say, who it is. */
export interface OpenServer {
  readonly server: string;
  readonly reader: TopologyReader;
  readonly status: Outcome<ServerStatus>;
}

/** An address that cannot even be understood counts as unreachable where a record named it: only flags are the operator's fault. */
export async function openServer(sources: CollectSources, server: string): Promise<OpenServer> {
  if (server.trim() === "") return silentServer(server, "the record names no server");
  try {
    const reader = sources.connect(server);
    return { server, reader, status: await reader.status() };
  } catch (error) {
    if (error instanceof DoctorError) return silentServer(server, error.message);
    throw error;
  }
}

function silentServer(server: string, message: string): OpenServer {
  const failure = unanswered("unreachable", message);
  const silent = async () => failure;
  const reader = {
    server,
    status: silent,
    range: silent,
    get: silent,
    lease: silent,
    close: () => undefined,
  };
  return { server, reader, status: failure };
}

/** Reads more prefixes of a server, at the revision at which it was read before. */
export async function readPrefixes(
  { server, reader, status }: OpenServer,
  prefixes: readonly string[],
  before?: ServerReading,
): Promise<ServerReading> {
  if (status.kind === "unanswered") return { ...nothingRead(server, reader), failure: status };
  const entries = new Map<string, Entry>(before?.entries);
  let revision = before?.revision ?? null;
  let failure = before?.failure ?? null;
  for (const prefix of prefixes) {
    const read = await reader.range(revision === null ? { prefix } : { prefix, revision });
    if (read.kind === "unanswered") {
      failure ??= read;
      continue;
    }
    revision ??= read.value.revision;
    for (const entry of read.value.entries) entries.set(entry.key, entry);
  }
  return {
    server,
    reader,
    clusterId: status.value.clusterId,
    version: status.value.version,
    revision,
    prefixes: [...(before?.prefixes ?? []), ...prefixes],
    entries,
    failure,
  };
}

const nothingRead = (server: string, reader: TopologyReader): Omit<ServerReading, "failure"> => ({
  server,
  reader,
  clusterId: null,
  version: null,
  revision: null,
  prefixes: [],
  entries: new Map(),
});

/** One etcd cluster as it was read: all roots at one revision (docs/decisions.md#d6). */
export interface ServerReading {
  /** The spelling that the fact tables use: the first that was met. */
  readonly server: string;
  readonly reader: TopologyReader;
  /** null: it did not say who it is. */
  readonly clusterId: string | null;
  readonly version: string | null;
  /** null: nothing could be read. */
  readonly revision: number | null;
  /** The prefixes that were read, none inside another. */
  readonly prefixes: readonly string[];
  readonly entries: ReadonlyMap<string, Entry>;
  /** Why it counts as not answered, even where some of it was read; null: all was read. */
  readonly failure: Unanswered | null;
}

export interface TopologyReading {
  /** The server that holds the global root, as it was first read. */
  readonly global: ServerReading;
  readonly servers: readonly ServerReading[];
  readonly roots: readonly TopoRootRow[];
  /** Keys that changed between the first reading and the second. */
  readonly moved: readonly MovedKey[];
  readonly leases: readonly TopoLeaseRow[];
}

export interface MovedKey {
  readonly server: string;
  readonly key: string;
}

/** Where the topology of one cell lies, as its CellInfo says. */
export interface CellPlace {
  readonly cell: string;
  readonly server: string;
  readonly root: string;
}
