import type { Finding } from "../../findings/finding.js";
import { type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { encodeSrvKeyspace } from "../../topology/records.js";
import { type Draft, type DraftStep, EMPTY_DRAFT, joinDrafts, refusedDraft } from "../draft.js";
import { unmovedWrites, workflowInTheWay } from "../guards/moved-traffic.js";
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
import { staleJournals } from "../serving/stale-journals.js";
import { base64, keyRead } from "../view/keys.js";
import { shardRecords } from "../view/shards.js";
import { type CellGraph, cellGraphs, servingReads } from "../view/srv-keyspaces.js";
import type { Recipe } from "./repair.js";

/** Rules whose findings are about writes; the others are about reads. */
const WRITES = "writes-served-by-no-shard";
/** The rule whose findings are about reads that work, if only with old rows. */
const OLD_READS = "served-shard-not-fed";

/**
 * What a cancel of Vitess 22 to 24 leaves behind a switch (docs/vitess.md#cancel-after-a-read-switch, docs/vitess.md#interrupted-switch):
 * reads that go to emptied targets, or a source that may not serve. Traffic goes back to the shards that writes never left, in the order of
 * Vitess's switchShardReads: queries are allowed there, the tablets are told, and only where some serve the routes change. One stage a
 * keyspace, as reads and writes may be broken at once.
 */
export const serveFromSources: Recipe = (snapshot, findings) =>
  joinDrafts(
    [...new Set(findings.map(keyspaceOf))].sort().map((keyspace) =>
      draftOf(
        snapshot,
        keyspace,
        findings.filter((one) => keyspaceOf(one) === keyspace),
      ),
    ),
  );

const keyspaceOf = ({ object }: Finding): string => object.keyspace ?? "";

const draftOf = (snapshot: Snapshot, keyspace: string, findings: readonly Finding[]): Draft => {
  const graphs = cellGraphs(snapshot, keyspace);
  const obstacle = workflowInTheWay(snapshot, keyspace) ?? unmovedWrites(snapshot, keyspace, graphs);
  if (obstacle !== null) return refusedDraft(findings, [obstacle]);

  const stopped = findings.flatMap(({ rule, object }) => (rule === WRITES ? [object.shard ?? ""] : []));
  const reads = findings.some(({ rule }) => rule !== WRITES);
  const edits = graphs.map((graph) => ({ graph, edit: editOf(graph, stopped, reads) }));
  const unsound = edits.find(({ edit }) => typeof edit === "string");
  if (unsound !== undefined)
    return refusedDraft(findings, [
      {
        reason: `the reads of cell ${unsound.graph.cell} can not be put back: ${String(unsound.edit)}`,
        instead: `vtctldclient GetSrvKeyspaces ${keyspace}, then SetShardTabletControl and RebuildKeyspaceGraph by hand`,
      },
    ]);
  const wanted = edits.flatMap(({ graph, edit }) =>
    edit === null || typeof edit === "string" ? [] : [{ keyspace, cell: graph.cell, graph, ...edit }],
  );
  const unread = findings.some(({ rule }) => rule === OLD_READS)
    ? (wanted.map((move) => nobodyToRead(snapshot, move)).find((one) => one !== null) ?? null)
    : null;
  if (unread !== null) {
    const ofWrites = findings.filter(({ rule }) => rule === WRITES);
    const ofReads = findings.filter(({ rule }) => rule !== WRITES);
    const writes = ofWrites.length === 0 ? EMPTY_DRAFT : draftOf(snapshot, keyspace, ofWrites);
    return joinDrafts([writes, refusedDraft(ofReads, [unread])]);
  }

  const home = shardRecords(snapshot, keyspace).filter(({ serving }) => serving === 1);
  const journals = stopped.flatMap((shard) => staleJournals(snapshot, keyspace, shard));
  return {
    repairs: findings.map(({ id }) => id),
    stages: [
      {
        title: `Serve ${keyspace} from the shards that its writes never left`,
        locks: [{ kind: "keyspace", keyspace }],
        steps: [
          ...wanted.flatMap(allowStep),
          ...home.flatMap(({ shard }) =>
            refreshSteps(
              snapshot,
              keyspace,
              shard,
              ({ type }) => stopped.includes(shard) || (reads && type !== "PRIMARY"),
            ),
          ),
          ...wanted.flatMap((move) => routeStep(snapshot, move)),
          ...journals,
        ],
      },
    ],
    reads: [
      ...servingReads(snapshot, keyspace),
      ...shardRecords(snapshot, keyspace).map(({ server, key }) => keyRead(snapshot, server, key)),
    ],
    blocked: [],
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
      kind: "srvkeyspace.update",
      ...{ cell, keyspace, server, key, modRevision },
      before: bytes,
      value: bytesOf(allowed),
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
      kind: "srvkeyspace.update",
      ...{ cell, keyspace, server, key },
      modRevision: first ? modRevision : null,
      before: first ? bytes : bytesOf(allowed),
      value: bytesOf(after),
      serving: readersOf(snapshot, move),
    },
  ];
};
