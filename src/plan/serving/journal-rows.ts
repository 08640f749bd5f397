import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { isPrimary, processAt, processesOfShard, tabletRef } from "../facts/processes.js";

/** A row of `_vt.resharding_journal`. */
export interface Journal {
  readonly address: string;
  readonly id: string;
  readonly dbName: string;
  readonly val: string;
  /** 1: every stream of the workflow whose next switch has its id runs beyond its position. */
  readonly outrun: number | null;
}

const COLUMNS = `SELECT j.address, j.id, j.db_name AS dbName, r.val, j.outrun
  FROM journal j JOIN resharding_journal r USING (address, id)`;

/** Under the id that the next switch of the workflow has. */
export const journalsOfWorkflow = (
  snapshot: Snapshot,
  { keyspace, workflow }: { readonly keyspace: string; readonly workflow: string },
): readonly Journal[] =>
  snapshot.all<Journal>(
    `${COLUMNS} WHERE j.workflow_keyspace = ? AND j.workflow = ? ORDER BY j.address`,
    keyspace,
    workflow,
  );

/**
 * Of switches that died: on the shard's primary, naming it as the source, and leading to shards none of which serves. Left there, such a
 * row makes the next switch of the same id skip its catch-up (docs/vitess.md#journal-ids). That no workflow is left is proven before.
 */
export const journalsOfDeadSwitches = (
  snapshot: Snapshot,
  keyspace: string,
  shard: string,
): readonly Journal[] =>
  processesOfShard(snapshot, keyspace, shard)
    .filter((process) => isPrimary(process) && process.record === "present")
    .flatMap(({ address }) =>
      snapshot.all<Journal>(
        `${COLUMNS} WHERE j.address = ?1 AND j.migration = 'shards'
           AND EXISTS (SELECT 1 FROM journal_shard s WHERE s.address = j.address AND s.id = j.id AND s.side = 'source'
             AND s.keyspace = ?2 AND s.shard = ?3)
           AND EXISTS (SELECT 1 FROM journal_shard s WHERE s.address = j.address AND s.id = j.id AND s.side = 'target')
           AND NOT EXISTS (SELECT 1 FROM journal_shard s LEFT JOIN shard t ON t.keyspace = s.keyspace AND t.shard = s.shard
             WHERE s.address = j.address AND s.id = j.id AND s.side = 'target'
               AND (s.keyspace <> ?2 OR t.is_primary_serving = 1))
         ORDER BY j.id`,
        address,
        keyspace,
        shard,
      ),
    );

export const deleteJournals = (snapshot: Snapshot, journals: readonly Journal[]): readonly DraftStep[] =>
  journals.flatMap(({ address, id, dbName, val }): readonly DraftStep[] => {
    const process = processAt(snapshot, address);
    return process === null
      ? []
      : [{ kind: "journal.delete", tablet: tabletRef(snapshot, process), dbName, journal: id, val }];
  });
