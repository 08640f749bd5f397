import { distinct } from "../../cluster/distinct.js";
import { moveShape } from "../../cluster/move-shape.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import type { Premise, StreamRow, StreamSet } from "../fields.js";
import { isPrimary, type Process, processAt, processesOfAlias, tabletRef } from "./processes.js";

/** A stream as its own engine's tablet shows it. */
export interface StreamFact {
  readonly address: string;
  readonly id: number;
  readonly workflow: string;
  readonly kind: string;
  readonly dbName: string;
  readonly sourceKeyspace: string;
  readonly sourceShard: string;
  readonly sourceExternal: string;
  readonly state: string;
  readonly frozen: number;
  readonly copying: number;
  readonly keyspace: string;
  readonly shard: string;
}

const COLUMNS = `SELECT address, id, workflow, kind, db_name AS dbName, source_keyspace AS sourceKeyspace,
  source_shard AS sourceShard, source_external AS sourceExternal, state, frozen, copying, keyspace, shard FROM stream`;
const ORDER = "ORDER BY keyspace, shard, address, workflow, db_name, id";

export const streamsAt = (snapshot: Snapshot, address: string): readonly StreamFact[] =>
  snapshot.all<StreamFact>(`${COLUMNS} WHERE address = ? ${ORDER}`, address);

export const streamsOfWorkflow = (
  snapshot: Snapshot,
  keyspace: string,
  workflow: string,
): readonly StreamFact[] =>
  snapshot.all<StreamFact>(`${COLUMNS} WHERE keyspace = ? AND workflow = ? ${ORDER}`, keyspace, workflow);

/** The streams of one workflow on one tablet: what one call to it stops or deletes. */
export interface StreamGroup {
  readonly process: Process;
  readonly workflow: string;
  readonly dbName: string;
  readonly streams: readonly StreamFact[];
}

const groupStreams = (process: Process, streams: readonly StreamFact[]): readonly StreamGroup[] => {
  const groups = new Map<string, StreamFact[]>();
  for (const stream of streams) {
    const key = JSON.stringify([stream.workflow, stream.dbName]);
    groups.set(key, [...(groups.get(key) ?? []), stream]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, members]) => {
      const [first] = members;
      return first === undefined
        ? []
        : [{ process, workflow: first.workflow, dbName: first.dbName, streams: members }];
    });
};

/** Streams of several tablets, by tablet; those of one that does not answer are left out. */
export const groupsOf = (snapshot: Snapshot, streams: readonly StreamFact[]): readonly StreamGroup[] =>
  distinct(streams.map(({ address }) => address)).flatMap((address) => {
    const process = processAt(snapshot, address);
    const own = streams.filter((stream) => stream.address === address);
    return process === null ? [] : groupStreams(process, own);
  });

/** Every stream on a tablet. */
export const groupsOn = (snapshot: Snapshot, process: Process): readonly StreamGroup[] =>
  groupStreams(process, streamsAt(snapshot, process.address));

const idsOf = (group: StreamGroup): readonly number[] =>
  group.streams.map((stream) => stream.id).sort((a, b) => a - b);

export const streamSet = (snapshot: Snapshot, group: StreamGroup): StreamSet => ({
  tablet: tabletRef(snapshot, group.process),
  workflow: group.workflow,
  dbName: group.dbName,
  ids: idsOf(group),
});

export const streamPremises = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly Premise[] =>
  groups.map((group) => ({ kind: "stream-rows", ...streamSet(snapshot, group) }));

/** The rows with their images, as the tablet's own channel gave them; gRPC where both answered (docs/decisions.md#d9). */
export const streamRows = (snapshot: Snapshot, group: StreamGroup): readonly StreamRow[] =>
  idsOf(group).map((id) => {
    const [row] = snapshot.rows("vreplication", { address: group.process.address, id });
    const image = Object.fromEntries(
      Object.entries(row ?? {})
        .filter(([column]) => !PROVENANCE.has(column))
        .map(([column, value]) => [column, value === null ? null : String(value)]),
    );
    return {
      id,
      workflow: group.workflow,
      dbName: group.dbName,
      state: image.state ?? "",
      message: image.message ?? "",
      image,
    };
  });

const PROVENANCE = new Set(["address", "channel", "observed_at"]);

/** Streams of one workflow that the engine of a tablet runs without their rows (docs/vitess.md#ghosts). */
export interface Ghosts {
  readonly process: Process;
  readonly workflow: string;
  readonly streams: readonly Ghost[];
}

interface Ghost {
  readonly id: number;
  readonly workflow: string;
  /** Prototext that the engine can read; it is only stored, nothing starts from it. */
  readonly source: string;
}

type Named = Readonly<Record<string, string>>;

/** Null: the engine has none of them (any more), or its tablet is not the PRIMARY and the only one of its alias. */
export const ghostsOf = (snapshot: Snapshot, objects: readonly Named[]): Ghosts | null => {
  const streams = objects.flatMap((object) => ghostAt(snapshot, object) ?? []);
  const process = processAt(snapshot, objects[0]?.address ?? "");
  const workflow = streams[0]?.workflow;
  if (workflow === undefined || process === null || !isPrimary(process)) return null;
  return processesOfAlias(snapshot, process.alias).length > 1 ? null : { process, workflow, streams };
};

/** Null: its engine does not have it (any more). */
export const ghostAt = (snapshot: Snapshot, object: Named): Ghost | null => {
  const at = { address: object.address ?? "", id: Number(object.stream) };
  const [row] = snapshot.rows("engine_stream", at);
  if (row === undefined) return null;
  const [keyspace = "", shard = ""] = (row.source ?? "").split("/");
  const source = `keyspace:${JSON.stringify(keyspace)} shard:${JSON.stringify(shard)}`;
  return { id: row.id, workflow: row.workflow, source };
};

/**
 * Streams that Reshard `workflow` copied to the primaries of its targets: the same workflow name runs on a source shard, under the same
 * database (docs/vitess.md#reference-copies).
 */
export const referenceCopies = (
  snapshot: Snapshot,
  targets: readonly Process[],
  sources: readonly Process[],
  workflow: string,
): readonly StreamGroup[] => {
  const onSources = new Set(
    sources
      .flatMap((primary) => streamsAt(snapshot, primary.address))
      .map((stream) => JSON.stringify([stream.workflow, stream.dbName, stream.sourceKeyspace])),
  );
  return targets
    .flatMap((primary) => groupsOn(snapshot, primary))
    .filter(
      (group) =>
        group.workflow !== workflow &&
        group.streams.every((stream) =>
          onSources.has(JSON.stringify([stream.workflow, stream.dbName, stream.sourceKeyspace])),
        ),
    );
};

/** What streams are of whose end would need steps that vtdoctor does not have. `isEnded`: whether the workflow type is one that it can end. */
export const otherKinds = (
  snapshot: Snapshot,
  streams: readonly StreamFact[],
  isEnded: (kind: string) => boolean,
): readonly string[] =>
  streams.flatMap(({ address, id, kind, sourceExternal }) => {
    const [row] = snapshot.rows("vreplication", { address, id });
    const shape = row === undefined ? "standard" : moveShape(row);
    return [
      ...(isEnded(kind) ? [] : [kind]),
      ...(sourceExternal === "" ? [] : ["Migrate"]),
      ...(shape === "standard" ? [] : [`a ${shape} MoveTables`]),
    ];
  });

/** Types whose streams a repair may end by themselves. */
const ENDED_ALONE: readonly string[] = ["Reshard", "MoveTables", "Materialize"];

/** The same of streams that a repair would end because of where they are. */
export const unknownKinds = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly Obstacle[] =>
  groups.flatMap(({ workflow, process, streams }) =>
    [...new Set(otherKinds(snapshot, streams, (kind) => ENDED_ALONE.includes(kind)))].map((kind) => ({
      reason: `${workflow} on ${process.alias} is of a kind that is not ended here (${kind})`,
      instead: "end it with `vtctldclient` (Workflow, OnlineDDL, LookupVindex or Migrate) first",
    })),
  );
