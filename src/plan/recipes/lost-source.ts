import { gone } from "../draft.js";
import { endStreams, vdiffSteps } from "../end-streams.js";
import { streamPremises } from "../facts/stream-facts.js";
import { absentPremise, servingPremises, shardNames, shardPremises } from "../facts/topology.js";
import {
  type SourcelessWorkflow,
  sourcelessWorkflow,
  sourcesLeft,
  stillNeeded,
  targetsServe,
} from "../guards/lost-sources.js";
import { repair } from "../repair.js";

/**
 * FROZEN streams of a finished switch whose source shards were pruned before Complete: every workflow command of Vitess reads the records
 * of the sources first and fails (docs/vitess.md#cancel-prologue), so the streams are deleted through their tablets.
 */
export const lostSource = repair<SourcelessWorkflow>({
  name: "lost-source",
  runs: "streams",
  by: (_, { object: { keyspace = "", workflow = "" } }) => JSON.stringify([keyspace, workflow]),
  of: (snapshot, [{ object }]) =>
    sourcelessWorkflow(snapshot, object.keyspace ?? "", object.workflow ?? "") ??
    gone("its workflow has no streams any more"),
  unless: [stillNeeded, sourcesLeft, targetsServe],
  plan: (snapshot, { keyspace, workflow, groups, sources, targets }) => ({
    stages: [
      endStreams(snapshot, {
        title: `Delete what is left of ${keyspace}.${workflow}, whose source ${shardNames(sources)} is gone`,
        shards: targets,
        groups,
        reverse: [],
        vdiffs: groups.flatMap(({ process }) => vdiffSteps(snapshot, process, [workflow])),
      }),
    ],
    restsOn: [
      ...streamPremises(snapshot, groups),
      ...sources.map((source) => absentPremise(snapshot, source)),
      ...shardPremises(snapshot, keyspace),
      ...servingPremises(snapshot, keyspace),
    ],
    notes: [`the tables of ${shardNames(targets)}, and every routing rule, stay as they are`],
  }),
});
