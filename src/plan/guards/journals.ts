import type { Guard } from "../draft.js";
import { isPrimary, probed, processesOfShard } from "../facts/processes.js";
import type { WorkflowJournals } from "../serving/journal-rows.js";

const UNSWITCHED = ["copying", "running", "reads-switched"];

/** A switch that was begun may have written the journal, and needs it to end. */
export const ofThisSwitch: Guard<WorkflowJournals> = (_, { workflow, journals }) => {
  const name = `${workflow.keyspace}.${workflow.workflow}`;
  if (!UNSWITCHED.includes(workflow.phase))
    return [
      {
        reason: `${name} is ${workflow.phase}: that its journal is of an older switch is only proven while its streams run`,
        instead: "start its streams if no switch of it was begun, then scan again; else end that switch",
      },
    ];
  return journals.every(({ outrun }) => outrun === 1)
    ? []
    : [
        {
          reason: `not every stream of ${name} is seen to run beyond the journal's position, so a switch of ${name} may have written it`,
          instead:
            "wait until every stream has applied what the source wrote since (a write on the source is enough), then scan again",
        },
      ];
};

/** Journals are written on every source shard; one whose primary did not say may hold another, and only a primary can delete one. */
export const unseenJournals: Guard<WorkflowJournals> = (snapshot, { workflow }) => {
  const silent = workflow.sources.filter(
    (shard) =>
      !processesOfShard(snapshot, workflow.sourceKeyspace, shard).some(
        (process) => isPrimary(process) && probed(snapshot, process.address, "journals"),
      ),
  );
  return silent.length === 0
    ? []
    : [
        {
          reason: `the primary of ${silent.map((shard) => `${workflow.sourceKeyspace}/${shard}`).join(", ")} did not say which journals it has`,
          instead: "make it answer (see the scan's coverage), then plan again",
        },
      ];
};
