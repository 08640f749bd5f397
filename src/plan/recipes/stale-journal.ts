import { distinct } from "../../cluster/distinct.js";
import { gone } from "../draft.js";
import {
  keyspaceLocks,
  routingRulesPremise,
  servingPremises,
  shardName,
  shardPremises,
} from "../facts/topology.js";
import { ofThisSwitch, unseenJournals } from "../guards/journals.js";
import { repair } from "../repair.js";
import {
  deleteJournals,
  journalsOfWorkflow,
  noSwitchPremises,
  type WorkflowJournals,
} from "../serving/journal-rows.js";

/**
 * A journal that is not of the workflow whose id it has: it goes, on every source, before a switch reads it. The journal of a half-done
 * switch is the only way to end it, so without proof that none wrote it nothing is deleted (docs/vitess.md#journals-stay).
 */
export const staleJournal = repair<WorkflowJournals>({
  name: "stale-journal",
  runs: "traffic",
  of: (snapshot, [{ object }]) =>
    journalsOfWorkflow(snapshot, object.keyspace ?? "", object.workflow ?? "") ??
    gone("its workflow is gone"),
  unless: [ofThisSwitch, unseenJournals],
  plan: (snapshot, broken) => {
    const { keyspace, workflow, sourceKeyspace, sources } = broken.workflow;
    const name = `${keyspace}.${workflow}`;
    const keyspaces = distinct([sourceKeyspace, keyspace]);
    const from = sources.map((shard) => shardName({ keyspace: sourceKeyspace, shard })).join(", ");
    return {
      title: `Delete the journal that the next switch of ${name} would take for its own`,
      locks: [{ kind: "workflow", keyspace, workflow }, ...keyspaceLocks(snapshot, keyspaces)],
      steps: deleteJournals(snapshot, broken.journals),
      restsOn: [
        ...keyspaces.flatMap((one) => shardPremises(snapshot, one)),
        ...keyspaces.flatMap((one) => servingPremises(snapshot, one)),
        routingRulesPremise(snapshot),
        ...noSwitchPremises(snapshot, broken),
      ],
      notes: [
        `${name} itself is not touched: after this its SwitchTraffic stops writes, catches up and writes a journal of its own (sources: ${from})`,
      ],
    };
  },
});
