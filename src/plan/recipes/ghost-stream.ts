import type { DraftStep } from "../draft.js";
import { goneStep } from "../end-streams.js";
import { tabletRef } from "../facts/processes.js";
import { type Ghosts, ghostAt, ghostsOf, streamsAt } from "../facts/stream-facts.js";
import { keyspaceLocks } from "../facts/topology.js";
import { repair } from "../repair.js";

/** Streams that run without a row: each gets one again, as Stopped, and is deleted through its tablet (docs/vitess.md#ghosts). */
export const ghostStream = repair<Ghosts>({
  name: "ghost-stream",
  runs: "streams",
  by: (snapshot, { object, id }) =>
    JSON.stringify([object.address, ghostAt(snapshot, object)?.workflow ?? id]),
  of: (snapshot, findings) =>
    ghostsOf(
      snapshot,
      findings.map(({ object }) => object),
    ) ?? {
      reason:
        "its engine does not have it any more, its tablet is not PRIMARY, or another process says that it is that tablet too",
      instead: "stop a process that is a copy, if there is one, and scan again",
    },
  plan: (snapshot, { process, workflow, streams }) => {
    const { address, alias, keyspace, shard, dbName } = process;
    const tablet = tabletRef(snapshot, process);
    const siblings = streamsAt(snapshot, address).filter((stream) => stream.workflow === workflow);
    return {
      title: `End the streams of ${workflow} that run on ${alias} without a row`,
      locks: [{ kind: "workflow", keyspace, workflow }, ...keyspaceLocks(snapshot, [keyspace])],
      steps: [
        ...streams.map(
          ({ id, source }): DraftStep => ({
            kind: "ghost.stop",
            tablet,
            dbName,
            workflow,
            stream: id,
            source,
          }),
        ),
        ...(siblings.length > 0
          ? []
          : [goneStep([{ tablet, workflow, dbName, ids: streams.map(({ id }) => id) }])]),
      ],
      restsOn: [{ kind: "stream-rows", tablet, workflow, dbName, ids: siblings.map(({ id }) => id) }],
      notes: [
        `what ${workflow} wrote into ${keyspace}/${shard} stays there: the stream lost its position with its row, so its tables are neither complete nor in step with the source`,
      ],
    };
  },
});
