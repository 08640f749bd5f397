import { formatGtidSet, type GtidSet, parseGtidSet, without } from "../../cluster/gtid-set.js";
import type { Facts } from "../facts.js";
import type {
  ErrantGtidRow,
  ExternalReplicationRow,
  LiveTabletRow,
  ProcessRow,
  ShardRow,
} from "../gen/tables.js";

interface Primary {
  readonly live: LiveTabletRow;
  readonly executed: GtidSet;
}

/**
 * What replicas executed and their primary did not (`ErrantGTIDs` of v24 go/mysql/replication/replication_status.go). Both sets were read at
 * about the same time, in no order: what the primary wrote in between bears its own uuid. A primary that replicates itself gets others', too,
 * so nothing is said of its shard.
 */
export const deriveErrantGtids = (
  facts: Facts,
  processes: readonly ProcessRow[],
  shards: readonly ShardRow[],
): readonly ErrantGtidRow[] => {
  const live = new Map(facts.live_tablet.map((row) => [row.address, row]));
  const ours = processes.filter((row) => row.same_cluster === 1 && row.record === "present");
  const primaries = recordedPrimaries(ours, shards, live);
  return ours.flatMap(({ address, alias, keyspace, shard, type }) => {
    const primary = primaries.get(`${keyspace}/${shard}`);
    const replica = live.get(address);
    if (primary === undefined || !REPLICAS.has(type) || replica?.position == null) return [];
    if (replica.position === primary.live.position || replica.server_uuid === primary.live.server_uuid)
      return [];
    const executed = parseGtidSet(replica.position);
    if (executed === null) return [];
    const errant = new Map(
      [...without(executed, primary.executed)].filter(([source]) => !isOf(source, primary.live)),
    );
    if (errant.size === 0) return [];
    return [
      {
        address,
        alias,
        keyspace,
        shard,
        primary_address: primary.live.address,
        gtids: formatGtidSet(errant),
        own: Number([...errant.keys()].some((source) => isOf(source, replica))),
      },
    ];
  });
};

const REPLICAS: ReadonlySet<string> = new Set(["REPLICA", "RDONLY"]);

/** Transactions may bear a tag behind the server's uuid. */
const isOf = (source: string, { server_uuid }: LiveTabletRow): boolean =>
  source.split(":")[0] === server_uuid?.toLowerCase();

const recordedPrimaries = (
  processes: readonly ProcessRow[],
  shards: readonly ShardRow[],
  live: ReadonlyMap<string, LiveTabletRow>,
): ReadonlyMap<string, Primary> => {
  const named = new Map(shards.map((row) => [`${row.keyspace}/${row.shard}`, row.primary_alias]));
  const primaries = new Map<string, Primary>();
  for (const { address, alias, keyspace, shard, type } of processes) {
    const place = `${keyspace}/${shard}`;
    const row = live.get(address);
    if (type !== "PRIMARY" || named.get(place) !== alias || row === undefined || row.source_host) continue;
    const executed = parseGtidSet(row.position ?? "");
    if (executed !== null) primaries.set(place, { live: row, executed });
  }
  return primaries;
};

/** v24 tabletserver/tabletenv/config.go and mysqlctl/mysqld.go. A command line is long: what costs less is asked first. */
const EXTERNAL = /"--?(unmanaged|disable[-_]active[-_]reparents)(=true)?"/;
const isExternal = (commandLine: string): boolean =>
  (commandLine.includes("unmanaged") || commandLine.includes("reparents")) && EXTERNAL.test(commandLine);

export const deriveExternalReplication = (facts: Facts): readonly ExternalReplicationRow[] =>
  facts.live_tablet
    .filter(({ command_line_json }) => command_line_json !== null && isExternal(command_line_json))
    .map(({ address }) => ({ address }));
