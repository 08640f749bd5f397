import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey } from "../../topology/paths.js";
import { processAt, tabletRef } from "../facts/processes.js";
import { groupStreams, streamPremise, streamsAt, streamsOfWorkflow } from "../facts/stream-facts.js";
import {
  globalRoot,
  keyPremise,
  keyspaceLocks,
  servingPremises,
  shardName,
  shardRecords,
} from "../facts/topology.js";
import type { Premise } from "../fields.js";
import {
  type JournaledWorkflow,
  notOfPrimaries,
  ofThisSwitch,
  unseenJournals,
  type WorkflowJournals,
} from "../guards/journals.js";
import { repair } from "../repair.js";
import { deleteJournals, journalsOfWorkflow } from "../serving/journal-rows.js";

const workflowOf = (snapshot: Snapshot, { object }: Finding): JournaledWorkflow | null => {
  const [row] = snapshot.rows("workflow", {
    keyspace: object.keyspace ?? "",
    workflow: object.workflow ?? "",
  });
  if (row === undefined) return null;
  const { keyspace, workflow, phase } = row;
  const sources = JSON.parse(row.source_shards_json) as readonly string[];
  return { keyspace, workflow, phase, sourceKeyspace: row.source_keyspace, sources };
};

/**
 * A journal that is not of the workflow whose id it has: it goes, on every source, before a switch reads it. The journal of a half-done
 * switch is the only way to end it, so without proof that none wrote it nothing is deleted (docs/vitess.md#journals-stay).
 */
export const staleJournal = repair<WorkflowJournals>({
  name: "stale-journal",
  runs: "traffic",
  of: (snapshot, [finding]) => {
    const workflow = workflowOf(snapshot, finding);
    return workflow === null
      ? { reason: "its workflow is gone", instead: "nothing: scan again" }
      : { workflow, journals: journalsOfWorkflow(snapshot, workflow) };
  },
  unless: [ofThisSwitch, unseenJournals, notOfPrimaries],
  plan: (snapshot, { workflow, journals }) => {
    const { server, root } = globalRoot(snapshot);
    const keyspaces = [...new Set([workflow.sourceKeyspace, workflow.keyspace])];
    const streams = streamsOfWorkflow(snapshot, workflow.keyspace, workflow.workflow);
    const targets = [...new Set(streams.map(({ address }) => address))].flatMap(
      (address) => processAt(snapshot, address) ?? [],
    );
    return {
      title: `Delete the journal that the next switch of ${workflow.keyspace}.${workflow.workflow} would take for its own`,
      locks: [
        { kind: "workflow", keyspace: workflow.keyspace, workflow: workflow.workflow },
        ...keyspaceLocks(snapshot, keyspaces),
      ],
      steps: deleteJournals(snapshot, journals),
      restsOn: [
        ...keyspaces
          .flatMap((keyspace) => shardRecords(snapshot, keyspace))
          .map((shard) => keyPremise(snapshot, shard.server, shard.key)),
        ...keyspaces.flatMap((keyspace) => servingPremises(snapshot, keyspace)),
        keyPremise(snapshot, server, routingRulesKey(root)),
        ...journals.flatMap(({ address, dbName }) => reverseRead(snapshot, workflow, address, dbName)),
        ...targets.flatMap((process) =>
          groupStreams(
            process,
            streams.filter((stream) => stream.address === process.address),
          ).map((group) => streamPremise(snapshot, group)),
        ),
      ],
      notes: [
        `${workflow.keyspace}.${workflow.workflow} itself is not touched: after this its SwitchTraffic stops writes, catches up and writes a journal of its own (sources: ${workflow.sources.map((shard) => shardName({ keyspace: workflow.sourceKeyspace, shard })).join(", ")})`,
      ],
    };
  },
});

/** Reverse streams appear in a switch, before its journal: there are none, and the tablet is still the primary. */
const reverseRead = (
  snapshot: Snapshot,
  { workflow }: JournaledWorkflow,
  address: string,
  dbName: string,
): readonly Premise[] => {
  const process = processAt(snapshot, address);
  if (process === null) return [];
  const name = `${workflow}_reverse`;
  const ids = streamsAt(snapshot, address)
    .filter((stream) => stream.workflow === name)
    .map(({ id }) => id);
  return [{ kind: "stream-rows", tablet: tabletRef(snapshot, process), workflow: name, dbName, ids }];
};
