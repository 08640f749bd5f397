import { addressesOf, shareAnAddress } from "../../cluster/server-addresses.js";
import type { Facts } from "../facts.js";
import type { Candidate, RecordStanding } from "./record-standing.js";

/**
 * Whether a process was started with this topology: the same global root, and a server in common (docs/decisions.md#d7). A record proves
 * nothing against that: a clone of an etcd names the tablets of the cluster that it was taken from. Tablets may know etcd by other names
 * than the operator (a port-forward): the cluster id of such a server decides where it answered; where it did not, what a process with a
 * record was started with counts as ours. Where nothing is known nothing is held against a process, unless the record of its alias
 * proves that another one has that part.
 */
export const sameCluster = (
  facts: Facts,
  candidates: readonly Candidate[],
  standing: (candidate: Candidate) => RecordStanding,
): ((candidate: Candidate) => boolean) => {
  const global = facts.topo_root.find(({ name }) => name === "global");
  const isForeignRoot = (root: string | null): boolean =>
    global !== undefined && Boolean(root) && trimmed(root ?? "") !== trimmed(global.root);
  const proven = provenServers(facts, global?.server ?? "");
  const recorded = candidates.filter(
    (candidate) =>
      standing(candidate) === "present" &&
      !isForeignRoot(candidate.live.topo_root) &&
      proven(candidate.live.topo_server) !== false,
  );
  const ours = new Set(recorded);
  const known = new Set(recorded.flatMap(({ live }) => addressesOf(live.topo_server ?? "")));
  const liveTerms = new Map(recorded.map(({ alias, live }) => [alias, live.term_start ?? 0]));
  return (candidate) => {
    const { alias, live, record } = candidate;
    if (ours.has(candidate)) return true;
    if (standing(candidate) === "present" || isForeignRoot(live.topo_root)) return false;
    const isOurs = proven(live.topo_server);
    if (isOurs !== null) return isOurs;
    if (addressesOf(live.topo_server ?? "").some((address) => known.has(address))) return true;
    return (
      record === undefined ||
      (!liveTerms.has(alias) && (live.term_start ?? 0) >= (record.primary_term_start ?? 0))
    );
  };
};

/** Whether a server is the one of the global root, by its address or by its cluster id. Null: nothing tells. */
const provenServers = (facts: Facts, global: string) => {
  const clusterIds = new Map(facts.topo_server.map((row) => [row.server, row.cluster_id]));
  const ours = clusterIds.get(global) ?? null;
  return (server: string | null): boolean | null => {
    if (server === null || server === "") return null;
    if (shareAnAddress(server, global)) return true;
    const clusterId = clusterIds.get(server) ?? null;
    return clusterId === null || ours === null ? null : clusterId === ours;
  };
};

const trimmed = (root: string): string => root.replace(/\/+$/, "");
