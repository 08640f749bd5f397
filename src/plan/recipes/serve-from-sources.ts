import type { Finding } from "../../findings/finding.js";
import { type SrvKeyspace, TabletType } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { encodeSrvKeyspace } from "../../topology/records.js";
import { type Draft, EMPTY_DRAFT, joinDrafts } from "../draft.js";
import { withoutDisabled } from "../serving/partitions.js";
import { readsBack } from "../serving/reads-back.js";
import { refreshSteps, silentTablets } from "../serving/refresh.js";
import { staleJournals } from "../serving/stale-journals.js";
import { unmovedWrites } from "../serving/unmoved-writes.js";
import { workflowInTheWay } from "../serving/workflows.js";
import type { DraftStep } from "../steps/index.js";
import { base64, keyRead } from "../view/keys.js";
import { servingReads } from "../view/serving.js";
import { type Obstacle, shardRecords } from "../view/shards.js";
import { type CellGraph, cellGraphs } from "../view/srv-keyspaces.js";
import type { Recipe } from "./recipe.js";

/** Rules whose findings are about writes; the others are about reads. */
const WRITES = "writes-served-by-no-shard";

/**
 * What a cancel of Vitess 22 to 24 leaves behind a switch (docs/vitess.md#cancel-after-a-read-switch, docs/vitess.md#interrupted-switch):
 * reads that go to emptied targets, or a source that may not serve. Traffic goes back to the shards that writes never left, in one change
 * of each cell's record. One stage a keyspace, as both may be broken at once.
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
  if (obstacle !== null) return blocked(findings, obstacle);

  const stopped = findings.flatMap(({ rule, object }) => (rule === WRITES ? [object.shard ?? ""] : []));
  const reads = findings.some(({ rule }) => rule !== WRITES);
  const wanted = graphs.map((graph) => ({ graph, record: edited(graph, stopped, reads) }));
  const unsound = wanted.find(({ record }) => typeof record === "string");
  if (unsound !== undefined)
    return blocked(findings, {
      reason: `the reads of cell ${unsound.graph.cell} can not be put back: ${String(unsound.record)}`,
      instead: `vtctldclient GetSrvKeyspaces ${keyspace}, then SetShardTabletControl and RebuildKeyspaceGraph by hand`,
    });

  const updates = wanted.flatMap(({ graph, record }) => update(keyspace, graph, record));
  const home = shardRecords(snapshot, keyspace).filter(({ serving }) => serving === 1);
  const journals = stopped.flatMap((shard) => staleJournals(snapshot, keyspace, shard));
  return {
    repairs: findings.map(({ id }) => id),
    stages: [
      {
        title: `Serve ${keyspace} from the shards that its writes never left`,
        locks: [{ kind: "keyspace", keyspace }],
        steps: [
          ...updates,
          ...home.flatMap(({ shard }) =>
            refreshSteps(
              snapshot,
              keyspace,
              shard,
              ({ type }) => stopped.includes(shard) || (reads && type !== "PRIMARY"),
            ),
          ),
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

/** The cell's record as it should be; a text: why there is none. */
const edited = (
  { record }: CellGraph,
  stopped: readonly string[],
  reads: boolean,
): SrvKeyspace | string | null => {
  if (record === "absent" || record === "unreadable") return null;
  const writing = withoutDisabled(record, TabletType.PRIMARY, stopped);
  return reads ? readsBack(writing) : writing;
};

const update = (
  keyspace: string,
  graph: CellGraph,
  record: SrvKeyspace | string | null,
): readonly DraftStep[] => {
  if (record === null || typeof record === "string") return [];
  const value = base64(encodeSrvKeyspace(record));
  if (value === graph.bytes) return [];
  const { cell, server, key, modRevision, bytes: before } = graph;
  return [{ kind: "srvkeyspace.update", cell, keyspace, server, key, modRevision, before, value }];
};

const blocked = (findings: readonly Finding[], { reason, instead }: Obstacle): Draft => ({
  ...EMPTY_DRAFT,
  blocked: findings.map(({ object, id }) => ({ object, finding: id, reason, instead })),
});
