import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { isPrimary, processAt, processesOfShard, tabletRef } from "../facts/processes.js";
import { groupsOf, streamPremises, streamsAt, streamsOfWorkflow } from "../facts/stream-facts.js";
import type { Premise } from "../fields.js";

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

/** A workflow with the journals on its sources under the id of its next switch. */
export interface WorkflowJournals {
  readonly workflow: {
    readonly keyspace: string;
    readonly workflow: string;
    readonly sourceKeyspace: string;
    readonly phase: string;
    readonly sources: readonly string[];
  };
  readonly journals: readonly Journal[];
}

/** Null: there is no such workflow. */
export const journalsOfWorkflow = (
  snapshot: Snapshot,
  keyspace: string,
  workflow: string,
): WorkflowJournals | null => {
  const [row] = snapshot.rows("workflow", { keyspace, workflow });
  if (row === undefined) return null;
  const sources = JSON.parse(row.source_shards_json) as readonly string[];
  return {
    workflow: { keyspace, workflow, sourceKeyspace: row.source_keyspace, phase: row.phase, sources },
    journals: snapshot.all<Journal>(
      `${COLUMNS} WHERE j.workflow_keyspace = ? AND j.workflow = ? ORDER BY j.address`,
      keyspace,
      workflow,
    ),
  };
};

/**
 * That no switch of the workflow has begun: reverse streams appear in one, before its journal. There are none, its own streams are as they
 * were, and the tablets are still the primaries.
 */
export const noSwitchPremises = (
  snapshot: Snapshot,
  { workflow: { keyspace, workflow }, journals }: WorkflowJournals,
): readonly Premise[] => {
  const name = `${workflow}_reverse`;
  const streams = streamsOfWorkflow(snapshot, keyspace, workflow);
  return [
    ...journals.flatMap(({ address, dbName }): readonly Premise[] => {
      const process = processAt(snapshot, address);
      const reverse = streamsAt(snapshot, address).filter((stream) => stream.workflow === name);
      if (process === null) return [];
      const tablet = tabletRef(snapshot, process);
      return [{ kind: "stream-rows", tablet, workflow: name, dbName, ids: reverse.map(({ id }) => id) }];
    }),
    ...streamPremises(snapshot, groupsOf(snapshot, streams)),
  ];
};

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
