import { parseStreamSource, type StreamSource } from "../../cluster/stream-source.js";
import type { Facts } from "../facts.js";
import type {
  LiveTabletRow,
  ProcessRow,
  StreamRow,
  StreamRuleRow,
  UnparsableSourceRow,
  VreplicationRow,
} from "../gen/tables.js";
import { groupBy, uniqueBy } from "./order.js";
import { neighboursRows } from "./shared-mysql.js";
import { workflowKind } from "./workflow-kind.js";

export interface StreamRecords {
  readonly stream: readonly StreamRow[];
  readonly stream_rule: readonly StreamRuleRow[];
  readonly unparsable_source: readonly UnparsableSourceRow[];
}

/** Every stream once, with its source read and its state in both worlds: the row and the engine's memory. */
export const deriveStreams = (facts: Facts, processes: readonly ProcessRow[]): StreamRecords => {
  const engines = new Map(
    facts.engine_stream.map((row) => [`${row.address} ${row.id} ${row.workflow}`, row.state]),
  );
  const copying = new Set(facts.copy_state.map(({ address, vrepl_id }) => `${address} ${vrepl_id}`));
  const read = ownedRows(facts, processes).map((owned) => ({
    ...owned,
    parsed: parseStreamSource(owned.row.source),
  }));
  return {
    stream: read.map(({ parsed, ...owned }) => {
      const { address, id, workflow } = owned.row;
      return streamRow(owned, parsed.kind === "answered" ? parsed.value : NO_SOURCE, {
        engineState: engines.get(`${address} ${id} ${workflow}`) ?? null,
        hasCopyState: copying.has(`${address} ${id}`),
      });
    }),
    stream_rule: read.flatMap(({ row, parsed }) =>
      parsed.kind === "answered" ? ruleRows(row, parsed.value) : [],
    ),
    unparsable_source: read.flatMap(({ row, parsed }) =>
      parsed.kind === "answered"
        ? []
        : [{ address: row.address, id: row.id, workflow: row.workflow, message: parsed.message }],
    ),
  };
};

const NO_SOURCE: StreamSource = {
  keyspace: "",
  shard: "",
  externalMysql: "",
  externalCluster: "",
  onDdl: "IGNORE",
  stopAfterCopy: false,
  rules: [],
};

const ruleRows = (row: VreplicationRow, source: StreamSource): readonly StreamRuleRow[] =>
  source.rules.map(({ match, filter }, ordinal) => ({
    address: row.address,
    id: row.id,
    ordinal,
    match,
    filter,
  }));

interface Engine {
  readonly engineState: string | null;
  readonly hasCopyState: boolean;
}

const streamRow = ({ row, process, copies }: OwnedRow, source: StreamSource, engine: Engine): StreamRow => {
  const active = row.state !== "Stopped" && row.state !== "Error";
  const message = row.message ?? "";
  const pos = row.pos ?? "";
  return {
    address: row.address,
    alias: process.alias,
    keyspace: process.keyspace,
    shard: process.shard,
    id: row.id,
    workflow: row.workflow,
    kind: workflowKind(row.workflow, row.workflow_type, source),
    db_name: row.db_name,
    source_keyspace: source.keyspace,
    source_shard: source.shard,
    source_external: source.externalCluster || source.externalMysql,
    source: row.source,
    state: row.state,
    active: Number(active),
    frozen: Number(row.state === "Stopped" && message === "FROZEN"),
    message,
    pos,
    time_updated: row.time_updated,
    age_s: row.time_updated === null ? null : Math.max(0, row.observed_at - row.time_updated),
    copying: Number(engine.hasCopyState || (active && pos === "")),
    engine_state: engine.engineState,
    copies,
    observed_at: row.observed_at,
  };
};

interface OwnedRow {
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
 * be read, the tablet that most likely becomes one stands for it. Rows of another cluster's processes are nobody's, and of those of one
 * MySQL server each vttablet has the ones of its database.
 */
const ownedRows = (facts: Facts, processes: readonly ProcessRow[]): readonly OwnedRow[] => {
  const live = new Map(facts.live_tablet.map((row) => [row.address, row]));
  const engines = new Set(facts.engine_stream.map(({ address, id }) => `${address} ${id}`));
  const rows = mergedRows(facts);
  const isNeighbours = neighboursRows(facts, processes);
  const shards = groupBy(
    processes.filter(({ same_cluster }) => same_cluster === 1),
    ({ keyspace, shard }) => `${keyspace}/${shard}`,
  );
  const read = streamsRead(facts);
  return [...shards.values()].flatMap((members) => {
    const primaryRead = members.some(({ type, address }) => type === "PRIMARY" && read.has(address));
    const holders = members.flatMap((process) =>
      (rows.get(process.address) ?? [])
        .filter((row) => !isNeighbours(row))
        .map((row) => ({
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
