import type { Facts } from "../facts.js";
import type { LiveTabletRow, ProcessRow, VreplicationRow } from "../gen/tables.js";
import { groupBy, uniqueBy } from "./order.js";

export interface OwnedRow {
  readonly row: VreplicationRow;
  readonly process: ProcessRow;
  /** How many other tablets of the shard show the same row. */
  readonly copies: number;
}

interface Holder {
  readonly row: VreplicationRow;
  readonly process: ProcessRow;
  readonly live: LiveTabletRow | undefined;
  readonly inMemory: boolean;
}

/**
 * `_vt` replicates, ids included, so the same stream is read at every tablet of its shard (docs/vitess.md#sidecar-replication). It
 * belongs to the PRIMARY, whose engine alone runs it. Two PRIMARYs that do not replicate have two streams. Where no PRIMARY could
 * be read, the tablet that most likely becomes one stands for it. Rows of another cluster's processes are nobody's.
 */
export const ownedRows = (facts: Facts, processes: readonly ProcessRow[]): readonly OwnedRow[] => {
  const live = new Map(facts.live_tablet.map((row) => [row.address, row]));
  const engines = new Set(facts.engine_stream.map(({ address, id }) => `${address} ${id}`));
  const rows = mergedRows(facts);
  const shards = groupBy(
    processes.filter(({ same_cluster }) => same_cluster === 1),
    ({ keyspace, shard }) => `${keyspace}/${shard}`,
  );
  const read = streamsRead(facts);
  return [...shards.values()].flatMap((members) => {
    const primaryRead = members.some(({ type, address }) => type === "PRIMARY" && read.has(address));
    const holders = members.flatMap((process) =>
      (rows.get(process.address) ?? []).map((row) => ({
        row,
        process,
        live: live.get(process.address),
        inMemory: engines.has(`${row.address} ${row.id}`),
      })),
    );
    return [...groupBy(holders, streamName).values()].flatMap((same) => owners(same, primaryRead));
  });
};

const streamName = ({ row }: Holder): string => `${row.id}\n${row.workflow}\n${row.db_name}`;

const owners = (holders: readonly Holder[], primaryRead: boolean): readonly OwnedRow[] => {
  const ranked = holders.toSorted(byAuthority);
  const primaries = ranked.filter(({ process }) => process.type === "PRIMARY");
  const own = primaries.filter((holder, place) => place === 0 || !replicates(holder));
  const standIn = primaryRead ? [] : ranked.slice(0, 1);
  const chosen = own.length > 0 ? own : standIn;
  return chosen.map(({ row, process }, place) => ({
    row,
    process,
    copies: place === 0 ? holders.length - chosen.length : 0,
  }));
};

const replicates = ({ live }: Holder): boolean => (live?.source_host ?? "") !== "";

/** PRIMARY first, then who has it in memory, the newer term, who takes writes, and who replicates from nobody. */
const byAuthority = (one: Holder, other: Holder): number => {
  const differences = [
    Number(other.process.type === "PRIMARY") - Number(one.process.type === "PRIMARY"),
    Number(other.inMemory) - Number(one.inMemory),
    (other.live?.term_start ?? 0) - (one.live?.term_start ?? 0),
    (one.live?.read_only ?? 1) - (other.live?.read_only ?? 1),
    Number(replicates(one)) - Number(replicates(other)),
  ];
  return differences.find((difference) => difference !== 0) ?? 0;
};

/** Both ways into a tablet show the same table; `grpc` sorts first and wins, `mysql` fills in what it did not give. */
const mergedRows = (facts: Facts): ReadonlyMap<string, readonly VreplicationRow[]> => {
  const merged = [...groupBy(facts.vreplication, ({ address }) => address)].map(([address, rows]) => {
    const twoWays = rows[0]?.channel !== rows.at(-1)?.channel;
    return [address, twoWays ? uniqueBy(rows, ({ id }) => String(id)) : rows] as const;
  });
  return new Map(merged);
};

/** Addresses whose streams were read, by whichever way. */
const streamsRead = (facts: Facts): ReadonlySet<string> =>
  new Set(
    facts.probe
      .filter(({ channel, answered }) => answered === 1 && (channel === "streams" || channel === "mysql"))
      .map(({ address }) => address),
  );
