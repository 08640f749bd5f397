import { IncompleteError, UsageError } from "../cluster/errors.js";
import type { Unanswered } from "../cluster/outcome.js";
import { classifyKey, rootPrefix } from "../topology/paths.js";
import { globalRootsAmong } from "./roots.js";
import { openServer, readPrefixes } from "./server-session.js";
import type { CollectSettings, CollectSources } from "./settings.js";
import type { ServerReading } from "./topology-reading.js";

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
