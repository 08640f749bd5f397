import { create } from "@bufbuild/protobuf";
import {
  type ShardReference,
  ShardReferenceSchema,
  type SrvKeyspace,
  SrvKeyspaceSchema,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeKeyspace, decodeShard } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import { type CellGraph, keyFact, keyspaceRecord, shardRecords } from "../facts/topology.js";
import { writeGraph } from "../records/srv-keyspace.js";
import {
  disabledIn,
  inOrder,
  namesOf,
  READ_TYPES,
  referencesOf,
  SERVED_TYPES,
  sameRoute,
  withoutDisabled,
  withRoute,
} from "./partitions.js";
import { refreshSteps } from "./refresh.js";

/** The shards that serve by their own records, as RebuildKeyspaceGraph would list them (docs/vitess.md#srvkeyspace). */
export const servingReferences = (snapshot: Snapshot, keyspace: string): readonly ShardReference[] =>
  inOrder(
    shardRecords(snapshot, keyspace)
      .filter(({ serving }) => serving === 1)
      .map(({ shard, server, key }) => {
        const fact = keyFact(snapshot, server, key);
        const record = fact === null ? null : decodeShard(fact.value);
        const keyRange = record?.kind === "answered" ? record.value.keyRange : undefined;
        return create(ShardReferenceSchema, { name: shard, ...(keyRange === undefined ? {} : { keyRange }) });
      }),
  );

/**
 * The record that a cell should have: its own with the routes that drifted set right, else the one of a sound cell, else one from the Shard
 * records. Reads that another cell has switched stay switched, and who takes reads over may serve them. What a rebuild of Vitess would drop is kept: controls, both throttlers'
 * settings, and whatever else the record holds.
 */
const expectedGraph = (
  snapshot: Snapshot,
  keyspace: string,
  cell: CellGraph,
  graphs: readonly CellGraph[],
): SrvKeyspace => {
  const serving = servingReferences(snapshot, keyspace);
  const model = soundRecord(
    graphs.filter((one) => one.cell !== cell.cell),
    serving,
  );
  if (typeof cell.record === "object" && cell.record.partitions.length > 0)
    return rerouted(snapshot, { keyspace, cell: cell.cell, record: cell.record }, model, serving);
  if (typeof cell.record === "object")
    return { ...(model ?? withServing(cell.record, serving)), ...kept(cell.record) };
  return model ?? firstGraph(keyspaceBytes(snapshot, keyspace), serving);
};

/** A record where there is none, as a rebuild of Vitess makes it. `keyspace`: the bytes of the Keyspace record. */
export const firstGraph = (keyspace: Uint8Array | null, serving: readonly ShardReference[]): SrvKeyspace =>
  withServing(fromKeyspace(keyspace), serving);

/** A rebuild of one cell's record; a tablet that was told not to serve by a record that is gone does not notice that by itself. */
export const rebuildGraph = (
  snapshot: Snapshot,
  keyspace: string,
  cell: CellGraph,
  graphs: readonly CellGraph[],
): readonly DraftStep[] => {
  const wanted = expectedGraph(snapshot, keyspace, cell, graphs);
  const serves = (type: TabletType, shard: string): boolean =>
    namesOf(referencesOf(wanted, type)).includes(shard) && !disabledIn(wanted, type).includes(shard);
  const write = writeGraph(keyspace, cell, { ...cell, before: cell.bytes, after: wanted });
  const told = shardRecords(snapshot, keyspace).flatMap((shard) =>
    refreshSteps(
      snapshot,
      shard,
      (process) =>
        process.cell === cell.cell &&
        snapshot.rows("live_tablet", { address: process.address, serving: 0 }).length > 0 &&
        READ_TYPES.some((type) => TabletType[type] === process.type && serves(type, shard.shard)),
    ),
  );
  return write.length === 0 ? [] : [...write, ...told];
};

/** A record that routes writes as the Shard records say. */
export const soundRecord = (
  graphs: readonly CellGraph[],
  serving: readonly ShardReference[],
): SrvKeyspace | null => {
  for (const { record } of graphs)
    if (typeof record === "object" && sameRoute(referencesOf(record, TabletType.PRIMARY), serving))
      return record;
  return null;
};

const rerouted = (
  snapshot: Snapshot,
  {
    keyspace,
    cell,
    record,
  }: { readonly keyspace: string; readonly cell: string; readonly record: SrvKeyspace },
  model: SrvKeyspace | null,
  serving: readonly ShardReference[],
): SrvKeyspace => {
  const reads = (type: TabletType): readonly ShardReference[] =>
    model === null || referencesOf(model, type).length === 0 ? serving : referencesOf(model, type);
  const wrong = READ_TYPES.filter((type) => !sameRoute(referencesOf(record, type), reads(type)));
  const judged = wrong.filter((type) => !isMoved(snapshot, keyspace, cell, type));
  return judged.reduce(
    (changed, type) => withoutDisabled(withRoute(changed, type, reads(type)), type, namesOf(reads(type))),
    sameRoute(referencesOf(record, TabletType.PRIMARY), serving)
      ? record
      : withRoute(record, TabletType.PRIMARY, serving),
  );
};

/** Whether Reshards account for all of where a cell's reads go (`switchtraffic --cells`). */
const isMoved = (snapshot: Snapshot, keyspace: string, cell: string, type: TabletType): boolean => {
  const elsewhere = snapshot.all<{ moved: number }>(
    "SELECT moved FROM read_elsewhere WHERE keyspace = ? AND cell = ? AND tablet_type = ?",
    keyspace,
    cell,
    TabletType[type] ?? "",
  );
  return elsewhere.length > 0 && elsewhere.every(({ moved }) => moved === 1);
};

const withServing = (record: SrvKeyspace, serving: readonly ShardReference[]): SrvKeyspace =>
  SERVED_TYPES.reduce((changed, type) => withRoute(changed, type, serving), record);

/** Fields beside the partitions. */
const kept = ({ throttlerConfig, $unknown }: SrvKeyspace): Partial<SrvKeyspace> => ({
  ...(throttlerConfig === undefined ? {} : { throttlerConfig }),
  ...($unknown === undefined ? {} : { $unknown }),
});

/** `query_throttler_config`: its number in Keyspace and in SrvKeyspace (topodata.proto v24). */
const QUERY_THROTTLER = { keyspace: 12, srvKeyspace: 7 } as const;

/** What a first record takes over from the Keyspace record. */
const fromKeyspace = (keyspace: Uint8Array | null): SrvKeyspace => {
  const record = create(SrvKeyspaceSchema);
  const decoded = keyspace === null ? null : decodeKeyspace(keyspace);
  if (decoded?.kind !== "answered") return record;
  const { throttlerConfig, $unknown = [] } = decoded.value;
  const queries = $unknown
    .filter(({ no }) => no === QUERY_THROTTLER.keyspace)
    .map((field) => ({ ...field, no: QUERY_THROTTLER.srvKeyspace }));
  return {
    ...record,
    ...(throttlerConfig === undefined ? {} : { throttlerConfig }),
    ...(queries.length === 0 ? {} : { $unknown: queries }),
  };
};

const keyspaceBytes = (snapshot: Snapshot, keyspace: string): Uint8Array | null => {
  const at = keyspaceRecord(snapshot, keyspace);
  return at === null ? null : (keyFact(snapshot, at.server, at.key)?.value ?? null);
};
