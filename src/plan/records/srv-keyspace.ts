import { distinct } from "../../cluster/distinct.js";
import {
  type SrvKeyspace_KeyspacePartition as Partition,
  SrvKeyspace_KeyspacePartitionSchema as PartitionSchema,
  type SrvKeyspace,
  SrvKeyspaceSchema,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import type { DraftStep } from "../draft.js";
import type { CellGraph } from "../facts/topology.js";
import { filled, type TabletRef } from "../fields.js";
import { onlyAdds } from "../serving/partitions.js";
import { type Bytes, mergeNamed, recordType, sameRecord, written } from "./record-type.js";

/**
 * How a cell routes a keyspace. Vitess's own rebuild writes it blindly and from nothing (topotools/rebuild_keyspace.go;
 * docs/vitess.md#srvkeyspace). Tablets heed it at their next RefreshState (docs/vitess.md#refresh-state), vtgates at once.
 */
export const srvKeyspace = recordType({
  kind: "srv-keyspace",
  scope: { cell: filled, keyspace: filled },
  schema: SrvKeyspaceSchema,
  key:
    ({ cell, keyspace }) =>
    (key, root) =>
      key.kind === "srv-keyspace" && key.keyspace === keyspace && root === cell,
  name: ({ cell, keyspace }) => `SrvKeyspace of ${keyspace} in cell ${cell}`,
  subject: ({ cell, keyspace }) => `SrvKeyspace-${keyspace}-${cell}`,
  absent: "absent",
  says: ({ partitions }) => routing([], partitions),
  parts: {
    partitions: {
      changes: ({ cell, keyspace }, before, after) => [
        `changes SrvKeyspace of ${keyspace} in cell ${cell}: ${routing(before, after) || "nothing that a query notices"}`,
      ],
      what: ({ cell, keyspace }) => `the routing of ${keyspace} in cell ${cell}`,
      merge: mergeNamed(
        ({ servedType }) => nameOf(servedType),
        (one, other) => sameRecord(PartitionSchema, one, other),
        (types) => `the routing of ${types.join(", ")} was changed since`,
      ),
    },
  },
  /** Consent is needed for what changes a route that there is; what was missing is put back without. */
  consent: (before, after) =>
    after !== null && (before === null || onlyAdds(before, after)) ? "safe" : "confirm",
});

interface GraphWrite {
  readonly before: Bytes;
  readonly after: SrvKeyspace;
  /** Null: a step before it writes the record. */
  readonly modRevision: number | null;
  /** Of each type and shard that reads are moved to: one of these tablets has to serve. */
  readonly serving?: readonly { readonly what: string; readonly tablets: readonly TabletRef[] }[];
}

/** The write of one cell's record; none where nothing of it changes. */
export const writeGraph = (
  keyspace: string,
  { cell, server, key }: Pick<CellGraph, "cell" | "server" | "key">,
  { before, after: record, modRevision, serving }: GraphWrite,
): readonly DraftStep[] => {
  const after = written(srvKeyspace, record);
  if (after === before) return [];
  const step = {
    kind: "record.write",
    record: { kind: "srv-keyspace", cell, keyspace },
    server,
    key,
  } as const;
  return [{ ...step, modRevision, before, after, ...(serving === undefined ? {} : { serving }) }];
};

type Control = Partition["shardTabletControls"][number];

const withoutControlsThat =
  (goes: (control: Control) => boolean) =>
  (record: SrvKeyspace): SrvKeyspace => ({
    ...record,
    partitions: record.partitions.map((partition) => ({
      ...partition,
      shardTabletControls: partition.shardTabletControls.filter((control) => !goes(control)),
    })),
  });

/** The record without its controls of these shards, which outlive a shard that goes (docs/vitess.md#delete-shard). */
export const withoutControls = (shards: readonly string[]) =>
  withoutControlsThat(({ name }) => shards.includes(name));

/** The record without controls that disable nothing, and without those of other shards than these, which are all that there are. */
export const withoutIdleControls = (shards: readonly string[]) =>
  withoutControlsThat(({ name, queryServiceDisabled }) => !queryServiceDisabled || !shards.includes(name));

const nameOf = (type: TabletType): string => TabletType[type] ?? String(type);

const routing = (before: readonly Partition[], after: readonly Partition[]): string =>
  distinct([...after, ...before].map(({ servedType }) => servedType))
    .flatMap((type) => {
      const [from, to] = [shardsOf(before, type), shardsOf(after, type)];
      const [old, now] = [disabledOf(before, type), disabledOf(after, type)];
      const named = controlled(after, type);
      const forgotten = controlled(before, type).filter((shard) => !named.includes(shard));
      const allowed = old.filter((shard) => !now.includes(shard) && !forgotten.includes(shard));
      const disabled = now.filter((shard) => !old.includes(shard));
      return [
        ...(from === to
          ? []
          : [`${nameOf(type)} goes ${from === "" ? "" : `from ${from} `}to ${to || "no shard"}`]),
        ...(allowed.length === 0
          ? []
          : [`${nameOf(type)} queries of ${allowed.join(", ")} are allowed again`]),
        ...(forgotten.length === 0
          ? []
          : [`${nameOf(type)} has no control of ${forgotten.join(", ")} any more`]),
        ...(disabled.length === 0 ? [] : [`${nameOf(type)} queries of ${disabled.join(", ")} are refused`]),
      ];
    })
    .join("; ");

const ofType = (partitions: readonly Partition[], type: TabletType): readonly Partition[] =>
  partitions.filter(({ servedType }) => servedType === type);

const shardsOf = (partitions: readonly Partition[], type: TabletType): string =>
  ofType(partitions, type)
    .flatMap(({ shardReferences }) => shardReferences)
    .map(({ name }) => name)
    .join(", ");

const controlsOf = (partitions: readonly Partition[], type: TabletType) =>
  ofType(partitions, type).flatMap(({ shardTabletControls }) => shardTabletControls);

const controlled = (partitions: readonly Partition[], type: TabletType): readonly string[] =>
  controlsOf(partitions, type).map(({ name }) => name);

const disabledOf = (partitions: readonly Partition[], type: TabletType): readonly string[] =>
  controlsOf(partitions, type)
    .filter(({ queryServiceDisabled }) => queryServiceDisabled)
    .map(({ name }) => name);
