import type { Facts } from "../facts.js";
import type { Candidate, RecordStanding } from "./record-standing.js";

/**
 * Whether a process was started with this topology: the same global root, and a server in common (design D7). Tablets may know etcd by
 * other names than the operator (a port-forward): the cluster id of such a server decides where it answered, and what a process with a
 * record of ours was started with counts as ours. Where nothing is known nothing is held against a process, unless the record of its
 * alias proves that another one has that part.
 */
export const sameCluster = (
  facts: Facts,
  candidates: readonly Candidate[],
  standing: (candidate: Candidate) => RecordStanding,
): ((candidate: Candidate) => boolean) => {
  const global = facts.topo_root.find(({ name }) => name === "global");
  const recorded = candidates.filter((candidate) => standing(candidate) === "present");
  const isOurServer = ourServers(facts, global?.server ?? "", recorded);
  const roots = new Set(
    [global?.root ?? "", ...recorded.map(({ live }) => live.topo_root ?? "")].map(trimmed),
  );
  const liveTerms = new Map(recorded.map(({ alias, live }) => [alias, live.term_start ?? 0]));
  return (candidate) => {
    const { alias, live, record } = candidate;
    if (standing(candidate) === "present") return true;
    if (live.topo_root && !roots.has(trimmed(live.topo_root))) return false;
    const proven = live.topo_server ? isOurServer(live.topo_server) : null;
    if (proven !== null) return proven;
    return (
      record === undefined ||
      (!liveTerms.has(alias) && (live.term_start ?? 0) >= (record.primary_term_start ?? 0))
    );
  };
};

/** Null: nothing tells. */
const ourServers = (facts: Facts, global: string, recorded: readonly Candidate[]) => {
  const known = new Set([global, ...recorded.map(({ live }) => live.topo_server ?? "")].flatMap(hostPorts));
  const clusterIds = new Map(facts.topo_server.map((row) => [row.server, row.cluster_id]));
  const ours = clusterIds.get(global) ?? null;
  return (server: string): boolean | null => {
    if (hostPorts(server).some((address) => known.has(address))) return true;
    const clusterId = clusterIds.get(server) ?? null;
    return clusterId === null || ours === null ? null : clusterId === ours;
  };
};

/** `http://etcd-1:2379,etcd-2:2379` as its hosts and ports, lower case. */
const hostPorts = (servers: string): readonly string[] =>
  servers
    .split(",")
    .map((server) =>
      server
        .trim()
        .toLowerCase()
        .replace(/^[a-z0-9]+:\/\//, "")
        .replace(/\/.*$/, ""),
    )
    .filter((server) => server !== "");

const trimmed = (root: string): string => root.replace(/\/+$/, "");
