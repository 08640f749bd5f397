import { type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { encodeSrvKeyspace } from "../../topology/records.js";
import type { DraftStep, Guard } from "../draft.js";
import { unmovedWrites, workflowInTheWay } from "../guards/moved-traffic.js";
import { deleteJournals, journalsOfDeadSwitches } from "../serving/journal-rows.js";
import {
  READ_TYPES,
  readsBack,
  referencesOf,
  sameRoute,
  withoutDisabled,
  withRoute,
} from "../serving/partitions.js";
import { nobodyToRead, type ReadsMove, readersOf } from "../serving/readers.js";
import { refreshSteps, silentTablets } from "../serving/refresh.js";
import { base64, keyRead } from "../view/keys.js";
import { shardRecords } from "../view/shards.js";
import { type CellGraph, cellGraphs, servingReads } from "../view/srv-keyspaces.js";
import { type Remedy, repair } from "./repair.js";

/** Rules whose findings are about writes; the others are about reads. */
const WRITES = "writes-served-by-no-shard";
/** The rule whose findings are about reads that work, if only with old rows. */
const OLD_READS = "served-shard-not-fed";

/** Traffic of a keyspace that does not go to the shards that its writes never left. */
interface Misrouted {
  readonly keyspace: string;
  readonly graphs: readonly CellGraph[];
  /** Shards of it that may not serve. */
  readonly stopped: readonly string[];
  /** `old`: they work, if only with old rows. */
  readonly reads: "right" | "wrong" | "old";
}

/** Of each cell whose record can be read; a text: why it has no such edit. */
const editsOf = ({
  keyspace,
  graphs,
  stopped,
  reads,
}: Misrouted): readonly { readonly cell: string; readonly move: Move | string }[] =>
  graphs.flatMap((graph) => {
    const edit = editOf(graph, stopped, reads !== "right");
    if (edit === null) return [];
    const { cell } = graph;
    return [{ cell, move: typeof edit === "string" ? edit : { keyspace, cell, graph, ...edit } }];
  });

const unsoundReads: Guard<Misrouted> = (_, broken) =>
  editsOf(broken)
    .filter(({ move }) => typeof move === "string")
    .slice(0, 1)
    .map(({ cell, move }) => ({
      reason: `the reads of cell ${cell} can not be put back: ${String(move)}`,
      instead: `vtctldclient GetSrvKeyspaces ${broken.keyspace}, then SetShardTabletControl and RebuildKeyspaceGraph by hand`,
    }));

/** Reads that work would go to nobody: they are left as they are. */
const nobodyReads: Guard<Misrouted> = (snapshot, broken) =>
  broken.reads !== "old"
    ? []
    : editsOf(broken)
        .flatMap(({ move }) => (typeof move === "string" ? [] : (nobodyToRead(snapshot, move) ?? [])))
        .slice(0, 1);

/**
 * What a cancel of Vitess 22 to 24 leaves behind a switch (docs/vitess.md#cancel-after-a-read-switch, docs/vitess.md#interrupted-switch):
 * reads that go to emptied targets, or a source that may not serve. Traffic goes back to the shards that writes never left, in the order of
 * Vitess's switchShardReads: queries are allowed there, the tablets are told, and only where some serve the routes change. One stage a
 * keyspace, as reads and writes may be broken at once.
 */
export const serveFromSources = repair<Misrouted>({
  by: (_, { object }) => object.keyspace ?? "",
  of: (snapshot, findings) => {
    const keyspace = findings[0].object.keyspace ?? "";
    return {
      keyspace,
      graphs: cellGraphs(snapshot, keyspace),
      stopped: findings.flatMap(({ rule, object }) => (rule === WRITES ? [object.shard ?? ""] : [])),
      reads: findings.some(({ rule }) => rule === OLD_READS)
        ? "old"
        : findings.some(({ rule }) => rule !== WRITES)
          ? "wrong"
          : "right",
    };
  },
  unless: [
    workflowInTheWay,
    unmovedWrites,
    unsoundReads,
    (snapshot, broken) => (broken.stopped.length === 0 ? nobodyReads(snapshot, broken) : []),
  ],
  plan: (snapshot, broken, findings) => {
    const unread = nobodyReads(snapshot, broken);
    if (unread.length === 0) return served(snapshot, broken);
    const left = findings.filter(({ rule }) => rule !== WRITES);
    return {
      ...served(snapshot, { ...broken, reads: "right" }),
      partly: {
        repairs: findings.filter(({ rule }) => rule === WRITES).map(({ id }) => id),
        blocked: left.flatMap(({ object, id }) => unread.map((one) => ({ object, finding: id, ...one }))),
      },
    };
  },
});

const served = (snapshot: Snapshot, broken: Misrouted): Remedy => {
  const { keyspace, stopped, reads } = broken;
  const moves = editsOf(broken).flatMap(({ move }) => (typeof move === "string" ? [] : [move]));
  const home = shardRecords(snapshot, keyspace).filter(({ serving }) => serving === 1);
  const journals = stopped.flatMap((shard) => journalsOfDeadSwitches(snapshot, keyspace, shard));
  return {
    title: `Serve ${keyspace} from the shards that its writes never left`,
    locks: [{ kind: "keyspace", keyspace }],
    steps: [
      ...moves.flatMap(allowStep),
      ...home.flatMap(({ shard }) =>
        refreshSteps(
          snapshot,
          keyspace,
          shard,
          ({ type }) => stopped.includes(shard) || (reads !== "right" && type !== "PRIMARY"),
        ),
      ),
      ...moves.flatMap((move) => routeStep(snapshot, move)),
      ...deleteJournals(snapshot, journals),
    ],
    restsOn: [
      ...servingReads(snapshot, keyspace),
      ...shardRecords(snapshot, keyspace).map(({ server, key }) => keyRead(snapshot, server, key)),
    ],
    notes: [
      ...home.flatMap(({ shard }) =>
        silentTablets(snapshot, keyspace, shard).map(
          (alias) =>
            `${alias} of ${keyspace}/${shard} did not answer: it reads the records when it is started, or with vtctldclient RefreshState ${alias}`,
        ),
      ),
      ...(stopped.length > 0 && journals.length === 0
        ? [
            `no journal that names ${stopped.map((shard) => `${keyspace}/${shard}`).join(", ")} was seen: nothing is deleted`,
          ]
        : []),
    ],
  };
};

/** A cell's record, as it is, with the queries allowed that are to be, and with the routes changed too. */
interface Edit {
  readonly before: SrvKeyspace;
  readonly allowed: SrvKeyspace;
  readonly after: SrvKeyspace;
}

/** A text: why there is no such record. */
const editOf = ({ record }: CellGraph, stopped: readonly string[], reads: boolean): Edit | string | null => {
  if (record === "absent" || record === "unreadable") return null;
  const writing = withoutDisabled(record, TabletType.PRIMARY, stopped);
  const after = reads ? readsBack(writing) : writing;
  if (typeof after === "string") return after;
  const moved = READ_TYPES.filter(
    (type) => !sameRoute(referencesOf(record, type), referencesOf(after, type)),
  );
  const allowed = moved.reduce((one, type) => withRoute(one, type, referencesOf(record, type)), after);
  return { before: record, allowed, after };
};

type Move = Edit & ReadsMove & { readonly graph: CellGraph };

const bytesOf = (record: SrvKeyspace): string => base64(encodeSrvKeyspace(record));

const allowStep = ({ keyspace, graph, before, allowed }: Move): readonly DraftStep[] => {
  if (bytesOf(allowed) === bytesOf(before)) return [];
  const { cell, server, key, modRevision, bytes } = graph;
  return [
    {
      kind: "record.write",
      record: { kind: "srv-keyspace", cell, keyspace },
      ...{ server, key, modRevision },
      before: bytes,
      after: bytesOf(allowed),
    },
  ];
};

const routeStep = (snapshot: Snapshot, move: Move): readonly DraftStep[] => {
  const { keyspace, graph, before, allowed, after } = move;
  if (bytesOf(after) === bytesOf(allowed)) return [];
  const { cell, server, key, modRevision, bytes } = graph;
  const first = bytesOf(allowed) === bytesOf(before);
  return [
    {
      kind: "record.write",
      record: { kind: "srv-keyspace", cell, keyspace },
      ...{ server, key },
      modRevision: first ? modRevision : null,
      before: first ? bytes : bytesOf(allowed),
      after: bytesOf(after),
      serving: readersOf(snapshot, move),
    },
  ];
};
