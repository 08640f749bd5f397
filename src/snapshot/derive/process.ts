import { parseAlias } from "../../cluster/alias.js";
import type { Facts } from "../facts.js";
import type { ProcessRow, ShardRow, TabletRow, VreplicationRow, WitnessRow } from "../gen/tables.js";
import { defaultDatabase } from "./cell-records.js";
import { groupBy } from "./order.js";
import { type Candidate, recordStandings, type TopologyKnown } from "./record-standing.js";
import { sameCluster } from "./same-cluster.js";

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
  const standing = recordStandings(inputs, facts.witness, candidates);
  const ours = sameCluster(facts, candidates, standing);
  const shardRecord = shardStanding(inputs);
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
      record: standing(candidate),
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

const shardStanding = ({ shards, undecodable, globalAnswered }: ProcessInputs) => {
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
