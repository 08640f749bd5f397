import { IncompleteError, UsageError } from "../../cluster/errors.js";
import type { Unanswered } from "../../cluster/outcome.js";
import { classifyKey, rootPrefix } from "../../topology/paths.js";
import type { CollectSettings, CollectSources } from "../settings.js";
import { openServer, readPrefixes, type ServerReading, type TopologyReading } from "./servers.js";

/** The roots whose keys lie on a server. */
export const rootsOn = ({ roots }: TopologyReading, server: string): readonly string[] =>
  roots.filter((root) => root.server === server).map(({ root }) => root);

/** The prefixes to read so that every root is covered and no key is read twice: a root inside another is read with it. */
export function prefixesToRead(roots: readonly string[]): readonly string[] {
  const outerFirst = [...new Set(roots.map(rootPrefix))].sort(
    (a, b) => a.length - b.length || (a < b ? -1 : 1),
  );
  return outerFirst.filter(
    (prefix, index) => !outerFirst.slice(0, index).some((outer) => prefix.startsWith(outer)),
  );
}

const CELL = /^(.*?)\/?cells\/[^/]+\/CellInfo$/;
const KEYSPACE = /^(.*?)\/?keyspaces\/[^/]+\/(?:Keyspace|VSchema|shards\/[^/]+\/Shard)$/;

/**
 * The global roots that a server's keys betray: what stands before `cells/<cell>/CellInfo` or a global record of a keyspace
 * (docs/vitess.md#keys; nothing in etcd points to the root).
 */
export function globalRootsAmong(keys: readonly string[]): readonly string[] {
  const roots = keys.flatMap((key) => (CELL.exec(key) ?? KEYSPACE.exec(key))?.slice(1, 2) ?? []);
  return [...new Set(roots.map((root) => (root === "" ? "/" : root)))].sort();
}

const GLOBAL_KINDS: ReadonlySet<string> = new Set(["cell-info", "keyspace", "vschema", "shard"]);

/**
 * The global root at one revision. Without it nothing can be concluded: IncompleteError when the server does not answer, UsageError
 * (with the roots that do exist there) when it holds no topology under this root.
 */
export async function readGlobalRoot(
  sources: CollectSources,
  settings: CollectSettings,
): Promise<ServerReading> {
  const open = await openServer(sources, settings.globalServer);
  const reading = await readPrefixes(open, [rootPrefix(settings.globalRoot)]);
  if (reading.failure !== null) throw new IncompleteError(silence(settings.globalServer, reading.failure));
  if (!holdsTopology(reading, settings.globalRoot))
    throw new UsageError(await wrongRoot(open.reader, settings));
  return reading;
}

const holdsTopology = (reading: ServerReading, root: string): boolean =>
  [...reading.entries.keys()].some((key) => GLOBAL_KINDS.has(classifyKey(root, key).kind));

const silence = (server: string, { reason, message }: Unanswered): string => {
  const flag = `--topo-global-server-address ${server}`;
  switch (/protocol error/i.test(message) ? "unsupported" : reason) {
    case "unsupported":
      return `${flag}: something answers there, but it is not an etcd server (${message}). Give the client address of the global etcd, usually port 2379.`;
    case "denied":
      return `${flag}: etcd refuses this client (${message}). Give --topo-etcd-tls-cert and --topo-etcd-tls-key.`;
    default:
      return `${flag}: no answer from the global etcd (${reason}: ${message}). Check the address, the network, and that it is etcd's client port.`;
  }
};

async function wrongRoot(reader: ServerReading["reader"], settings: CollectSettings): Promise<string> {
  const flag = `--topo-global-root ${settings.globalRoot}: ${settings.globalServer} holds no cell and no keyspace under it.`;
  const all = await reader.range({ prefix: "", keysOnly: true });
  if (all.kind === "unanswered") return `${flag} Which roots exist could not be read (${all.message}).`;
  const roots = globalRootsAmong(all.value.entries.map(({ key }) => key));
  return roots.length === 0
    ? `${flag} There is no Vitess topology on that server at all: check --topo-global-server-address.`
    : `${flag} Roots that exist there: ${roots.join(", ")}.`;
}
