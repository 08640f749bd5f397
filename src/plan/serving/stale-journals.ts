import { parseJournal } from "../../cluster/journal.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { isPrimary, processesOfShard, tabletRef } from "../view/processes.js";
import { shardRecords } from "../view/shards.js";

/**
 * The journals of switches that died: on the shard's primary, naming it as the source, and leading to shards none of which serves. Left
 * there, such a row makes the next switch of the same id skip its catch-up (docs/vitess.md#journal-ids). That no workflow is left is proven
 * before.
 */
export const staleJournals = (snapshot: Snapshot, keyspace: string, shard: string): readonly DraftStep[] => {
  const serving = new Set(
    shardRecords(snapshot, keyspace)
      .filter((one) => one.serving === 1)
      .map((one) => one.shard),
  );
  return processesOfShard(snapshot, keyspace, shard)
    .filter((process) => isPrimary(process) && process.record === "present")
    .flatMap((process) =>
      snapshot
        .rows("resharding_journal", { address: process.address })
        .filter(({ val }) => isOfDeadSwitch(val, keyspace, shard, serving))
        .map(({ id, db_name, val }) => ({
          kind: "journal.delete",
          tablet: tabletRef(snapshot, process),
          dbName: db_name,
          journal: id,
          val,
        })),
    );
};

const isOfDeadSwitch = (
  val: string,
  keyspace: string,
  shard: string,
  serving: ReadonlySet<string>,
): boolean => {
  const journal = parseJournal(val);
  if (journal.kind === "unanswered" || journal.value.migration !== "shards") return false;
  const { participants, shardGtids } = journal.value;
  return (
    participants.some((one) => one.keyspace === keyspace && one.shard === shard) &&
    shardGtids.length > 0 &&
    shardGtids.every((one) => one.keyspace === keyspace && !serving.has(one.shard))
  );
};
