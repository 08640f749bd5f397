import { gone } from "../draft.js";
import { vdiffSteps } from "../end-streams.js";
import { type Process, processAt, tabletRef } from "../facts/processes.js";
import { streamsOfWorkflow } from "../facts/stream-facts.js";
import { repair } from "../repair.js";

interface OrphanVdiffs {
  readonly keyspace: string;
  readonly workflow: string;
  /** The primaries that keep them. */
  readonly holders: readonly Process[];
}

/**
 * VDiffs of a workflow that no tablet has: nothing of Vitess deletes them any more, as its own VDiff command asks for the workflow first. They
 * rest on there being no stream of that name on any of the tablets: who makes it anew may want to compare it.
 */
export const vdiffOrphan = repair<OrphanVdiffs>({
  name: "vdiff-orphan",
  runs: "streams",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", workflow = "" } = object;
    if (streamsOfWorkflow(snapshot, keyspace, workflow).length > 0)
      return gone(`${keyspace}.${workflow} has streams`);
    const holders = snapshot
      .all<{ address: string }>(
        "SELECT DISTINCT address FROM vdiff JOIN recorded_primary p USING (address) WHERE vdiff.keyspace = ? AND workflow = ? ORDER BY p.alias",
        keyspace,
        workflow,
      )
      .flatMap(({ address }) => processAt(snapshot, address) ?? []);
    return holders.length === 0
      ? gone(`no primary has a VDiff of ${keyspace}.${workflow}`)
      : { keyspace, workflow, holders };
  },
  plan: (snapshot, { keyspace, workflow, holders }) => ({
    title: `Delete the VDiffs of ${keyspace}.${workflow}, of which no tablet has a stream`,
    locks: [{ kind: "workflow", keyspace, workflow }],
    steps: holders.flatMap((process) => vdiffSteps(snapshot, process, [workflow])),
    restsOn: holders.map((process) => ({
      kind: "stream-rows",
      tablet: tabletRef(snapshot, process),
      workflow,
      dbName: process.dbName,
      ids: [],
    })),
  }),
});
