import { parseAlias } from "../../cluster/alias.js";
import { addressesOf, shareAnAddress } from "../../cluster/server-addresses.js";
import type { Facts } from "../facts.js";
import type { ProcessRow, ShardRow, TabletRow, VreplicationRow, WitnessRow } from "../gen/tables.js";
import { defaultDatabase } from "./cell-records.js";
import { groupBy } from "./order.js";
import { type Candidate, type RecordState, recordStates, type TopologyKnown } from "./record-state.js";

export interface ProcessInputs extends TopologyKnown {
  readonly shards: readonly ShardRow[];
  /** Database names of tablets whose record history still has, by alias. */
  readonly deletedDatabases: ReadonlyMap<string, string>;
}

/**
 * Every process that answered, with what the topology says of it. Who it is it says itself; an address proves nothing
 * (docs/decisions.md#d7).
 */
export const deriveProcesses = (facts: Facts, inputs: ProcessInputs): readonly ProcessRow[] => {
  const witnesses = groupBy(facts.witness, ({ address }) => address);
  const candidates = identify(facts, inputs.tablets);
  const recordState = recordStates(inputs, facts.witness, candidates);
  const ours = sameCluster(facts, candidates, recordState);
  const shardRecord = shardRecordState(inputs);
  const databases = databasesOfStreams(facts);
  return candidates.map((candidate) => {
    const { live, alias, keyspace, shard, record } = candidate;
    return {
      address: live.address,
      alias,
      cell: parseAlias(alias)?.cell ?? "",
      keyspace,
      shard,
      type: live.type ?? "",
      same_cluster: Number(ours(candidate)),
      record: recordState(candidate),
      shard_record: shardRecord(keyspace, shard),
      witnesses: sourcesOf(witnesses.get(live.address) ?? []),
      db_name:
        record?.db_name ??
        inputs.deletedDatabases.get(alias) ??
        databases(live.address) ??
        defaultDatabase(keyspace),
      observed_at: Math.floor(live.observed_at_ms / 1000),
    };
  });
};

const sourcesOf = (witnesses: readonly WitnessRow[]): string =>
  [...new Set(witnesses.map(({ source }) => source))].sort().join(",");

/** A MySQL that answered alone does not say whose it is; the witness that led there does. */
const identify = (facts: Facts, tablets: readonly TabletRow[]): readonly Candidate[] => {
  const records = new Map(tablets.map((row) => [row.alias, row]));
  const led = new Map<string, string>();
  for (const { alias, address, mysql_host, mysql_port } of facts.witness) {
    if (alias === null) continue;
    led.set(address, alias);
    led.set(`mysql://${mysql_host}:${mysql_port}`, alias);
  }
  return facts.live_tablet.map((live) => {
    const alias = live.alias ?? led.get(live.address) ?? "";
    const record = records.get(alias);
    return {
      live,
      alias,
      record,
      keyspace: live.keyspace ?? record?.keyspace ?? "",
      shard: live.shard ?? record?.shard ?? "",
    };
  });
};

const shardRecordState = ({ shards, undecodable, globalAnswered }: ProcessInputs) => {
  const recorded = new Set(shards.map(({ keyspace, shard }) => `${keyspace}/${shard}`));
  return (keyspace: string, shard: string): string => {
    if (recorded.has(`${keyspace}/${shard}`)) return "present";
    return keyspace === "" || !globalAnswered || undecodable.shard(keyspace, shard) ? "unknown" : "absent";
  };
};

/** The one database that the streams at an address write to; looked up for few, so that nothing is prepared for all. */
const databasesOfStreams = (facts: Facts): ((address: string) => string | undefined) => {
  let rows: ReadonlyMap<string, readonly VreplicationRow[]> | undefined;
  return (address) => {
    rows ??= groupBy(facts.vreplication, (row) => row.address);
    const [only, ...others] = new Set(rows.get(address)?.map(({ db_name }) => db_name));
    return others.length === 0 ? only : undefined;
  };
};

/**
 * Whether a process was started with this topology: the same global root, and a server in common (docs/decisions.md#d7). A record proves
 * nothing against that: a clone of an etcd names the tablets of the cluster that it was taken from. Tablets may know etcd by other names
 * than the operator (a port-forward): the cluster id of such a server decides where it answered; where it did not, what a process with a
 * record was started with counts as ours. Where nothing is known nothing is held against a process, unless the record of its alias
 * proves that another one has that part.
 */
const sameCluster = (
  facts: Facts,
  candidates: readonly Candidate[],
  recordState: (candidate: Candidate) => RecordState,
): ((candidate: Candidate) => boolean) => {
  const global = facts.topo_root.find(({ name }) => name === "global");
  const isForeignRoot = (root: string | null): boolean =>
    global !== undefined && Boolean(root) && trimmed(root ?? "") !== trimmed(global.root);
  const proven = provenServers(facts, global?.server ?? "");
  const recorded = candidates.filter(
    (candidate) =>
      recordState(candidate) === "present" &&
      !isForeignRoot(candidate.live.topo_root) &&
      proven(candidate.live.topo_server) !== false,
  );
  const ours = new Set(recorded);
  const known = new Set(recorded.flatMap(({ live }) => addressesOf(live.topo_server ?? "")));
  const liveTerms = new Map(recorded.map(({ alias, live }) => [alias, live.term_start ?? 0]));
  return (candidate) => {
    const { alias, live, record } = candidate;
    if (ours.has(candidate)) return true;
    if (recordState(candidate) === "present" || isForeignRoot(live.topo_root)) return false;
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
