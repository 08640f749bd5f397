import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Premise, StreamRow, StreamSet } from "../fields.js";
import { type Process, tabletRef } from "./processes.js";

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

export const groupStreams = (process: Process, streams: readonly StreamFact[]): readonly StreamGroup[] => {
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

const idsOf = (group: StreamGroup): readonly number[] =>
  group.streams.map((stream) => stream.id).sort((a, b) => a - b);

export const streamSet = (snapshot: Snapshot, group: StreamGroup): StreamSet => ({
  tablet: tabletRef(snapshot, group.process),
  workflow: group.workflow,
  dbName: group.dbName,
  ids: idsOf(group),
});

export const streamPremise = (snapshot: Snapshot, group: StreamGroup): Premise => ({
  kind: "stream-rows",
  ...streamSet(snapshot, group),
});

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
    .flatMap((primary) => groupStreams(primary, streamsAt(snapshot, primary.address)))
    .filter(
      (group) =>
        group.workflow !== workflow &&
        group.streams.every((stream) =>
          onSources.has(JSON.stringify([stream.workflow, stream.dbName, stream.sourceKeyspace])),
        ),
    );
};
