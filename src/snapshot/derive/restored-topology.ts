import { UsageError } from "../../cluster/errors.js";
import { type Facts, metaValue } from "../facts.js";
import type {
  DeletionRow,
  JournalShardRow,
  ProcessRow,
  RestoredTopologyRow,
  ShardRow,
} from "../gen/tables.js";

/** More than this missing at once is no single operation (docs/decisions.md#d8). */
const MOST_SHARDS = 3;
const MOST_TABLETS = 10;
/** A primary writes its term into its Shard within 30 s, and again after that (docs/vitess.md#shard-sync). */
const SHARD_SYNC_S = 60;

export interface RestoredInputs {
  readonly process: readonly ProcessRow[];
  readonly shard: readonly ShardRow[];
  readonly deletion: readonly DeletionRow[];
  readonly journal_shard: readonly JournalShardRow[];
}

/**
 * Signs that this topology is older than the cluster that it describes. What history shows as deleted is no sign, nor a shard that a Reshard
 * retired, whose tablets still run: a journal on one of them led to shards that serve.
 */
export const restoredTopology = (facts: Facts, inputs: RestoredInputs): readonly RestoredTopologyRow[] =>
  [missingRecords(inputs), newerTerms(facts, inputs), lowerRevisions(facts)].filter((sign) => sign !== null);

const missingRecords = ({
  process,
  shard,
  deletion,
  journal_shard,
}: RestoredInputs): RestoredTopologyRow | null => {
  const deleted = new Set(
    deletion.flatMap(({ kind, keyspace, shard, alias }) =>
      kind === "tablet" ? alias : `${keyspace}/${shard}`,
    ),
  );
  const serving = new Set(
    shard.filter((row) => row.is_primary_serving === 1).map((row) => `${row.keyspace}/${row.shard}`),
  );
  const led = new Map(
    journal_shard
      .filter((row) => row.migration === "shards" && row.side === "target")
      .filter((row) => serving.has(`${row.keyspace}/${row.shard}`))
      .map((row) => [row.address, row.keyspace]),
  );
  const retired = new Set(
    process
      .filter(({ address, keyspace }) => led.get(address) === keyspace)
      .map((row) => `${row.keyspace}/${row.shard}`),
  );
  const ours = process.filter(
    (row) => row.same_cluster === 1 && !retired.has(`${row.keyspace}/${row.shard}`),
  );
  const unexplained = (names: readonly string[]): number =>
    new Set(names.filter((name) => !deleted.has(name))).size;
  const shards = unexplained(
    ours
      .filter(({ shard_record }) => shard_record === "absent")
      .map(({ keyspace, shard }) => `${keyspace}/${shard}`),
  );
  const tablets = unexplained(ours.filter(({ record }) => record === "absent").map(({ alias }) => alias));
  if (shards <= MOST_SHARDS && tablets <= MOST_TABLETS) return null;
  return {
    sign: "records-missing",
    detail: `${tablets} running tablets and ${shards} of their shards have no record, and etcd's history shows no deletion of them`,
  };
};

/** A Shard record without a term never saw a primary, which is another story: it proves no age. */
const newerTerms = (facts: Facts, { process, shard }: RestoredInputs): RestoredTopologyRow | null => {
  const recorded = new Map(shard.map((row) => [`${row.keyspace}/${row.shard}`, row.primary_term_start]));
  const ours = new Map(
    process.filter(({ same_cluster }) => same_cluster === 1).map((row) => [row.address, row]),
  );
  const ahead = new Set<string>();
  for (const { address, type, term_start, observed_at_ms } of facts.live_tablet) {
    const own = ours.get(address);
    if (own === undefined || type !== "PRIMARY" || term_start === null) continue;
    const name = `${own.keyspace}/${own.shard}`;
    const settled = observed_at_ms / 1000 - term_start > SHARD_SYNC_S;
    if (settled && term_start > (recorded.get(name) ?? Number.POSITIVE_INFINITY)) ahead.add(name);
  }
  if (ahead.size < MOST_SHARDS) return null;
  return {
    sign: "newer-primary-terms",
    detail: `the primaries of ${[...ahead].sort().join(", ")} have newer terms than their Shard records`,
  };
};

/** `earlier_revisions_json` of `meta`: the revisions that an earlier snapshot saw, by server. */
const lowerRevisions = (facts: Facts): RestoredTopologyRow | null => {
  const seen = revisionsByServer(metaValue(facts, "earlier_revisions_json") ?? "{}");
  const fallen = facts.topo_server
    .filter(
      ({ server, answered, revision }) =>
        answered === 1 && revision !== null && revision < (seen.get(server) ?? 0),
    )
    .map(
      ({ server, revision }) =>
        `${server} is at revision ${revision}, an earlier snapshot saw ${seen.get(server)}`,
    );
  return fallen.length === 0 ? null : { sign: "lower-revision", detail: fallen.join("; ") };
};

/** Throws `UsageError` for anything but a JSON object of server addresses and revisions: a snapshot that somebody edited. */
function revisionsByServer(json: string): ReadonlyMap<string, number> {
  const entries = entriesOf(parsed(json));
  if (entries === null || !entries.every(isRevision)) {
    throw new UsageError(
      "the snapshot's meta earlier_revisions_json is not a JSON object of servers and revisions: save the snapshot again",
    );
  }
  return new Map(entries.filter(isRevision));
}

const entriesOf = (value: unknown): readonly [string, unknown][] | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : null;

const isRevision = (entry: [string, unknown]): entry is [string, number] =>
  Number.isSafeInteger(entry[1]) && Number(entry[1]) >= 0;

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
