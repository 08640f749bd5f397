import type { Finding } from "../../findings/finding.js";
import type { EngineStreamRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { type Process, processAt, processesOfAlias, tabletRef } from "../facts/processes.js";
import { streamsAt } from "../facts/stream-facts.js";
import { keyspaceLocks } from "../facts/topology.js";
import { repair } from "../repair.js";

/** Of one workflow on one tablet. */
interface Ghosts {
  readonly process: Process;
  readonly workflow: string;
  readonly ghosts: readonly EngineStreamRow[];
}

/** Long enough for a heartbeat (1 s) and for a transaction that was just being applied. */
const SETTLE_MS = 5000;

/** Streams that run without a row: each gets one again, as Stopped, and is deleted through its tablet (docs/vitess.md#ghosts). */
export const ghostStream = repair<Ghosts>({
  name: "ghost-stream",
  runs: "streams",
  by: (snapshot, finding) =>
    JSON.stringify([finding.object.address, ghostOf(snapshot, finding)?.workflow ?? finding.id]),
  of: (snapshot, findings) => {
    const process = processAt(snapshot, findings[0].object.address ?? "");
    const ghosts = findings.flatMap((finding) => ghostOf(snapshot, finding) ?? []);
    const [ghost] = ghosts;
    return ghost === undefined ||
      process?.type !== "PRIMARY" ||
      processesOfAlias(snapshot, process.alias).length > 1
      ? {
          reason:
            "its engine does not have it any more, its tablet is not PRIMARY, or another process says that it is that tablet too",
          instead: "stop a process that is a copy, if there is one, and scan again",
        }
      : { process, workflow: ghost.workflow, ghosts };
  },
  plan: (snapshot, { process, workflow, ghosts }) => {
    const tablet = tabletRef(snapshot, process);
    const { dbName } = process;
    const siblings = streamsAt(snapshot, process.address).filter((stream) => stream.workflow === workflow);
    return {
      title: `End the streams of ${workflow} that run on ${process.alias} without a row`,
      locks: [
        { kind: "workflow", keyspace: process.keyspace, workflow },
        ...keyspaceLocks(snapshot, [process.keyspace]),
      ],
      steps: [
        ...ghosts.map(
          ({ id, source }): DraftStep => ({
            kind: "ghost.stop",
            tablet,
            dbName,
            workflow,
            stream: id,
            source: sourceText(source ?? ""),
          }),
        ),
        ...(siblings.length > 0
          ? []
          : [
              {
                kind: "stream.verify-gone",
                streams: [{ tablet, workflow, dbName, ids: ghosts.map(({ id }) => id) }],
                settleMs: SETTLE_MS,
              } as const,
            ]),
      ],
      restsOn: [{ kind: "stream-rows", tablet, workflow, dbName, ids: siblings.map(({ id }) => id) }],
      notes: [
        `what ${workflow} wrote into ${process.keyspace}/${process.shard} stays there: the stream lost its position with its row, so its tables are neither complete nor in step with the source`,
      ],
    };
  },
});

const ghostOf = (snapshot: Snapshot, { object }: Finding): EngineStreamRow | null =>
  snapshot.rows("engine_stream", { address: object.address ?? "", id: Number(object.stream) })[0] ?? null;

/** Prototext that the engine can read; it is only stored, nothing starts from it. */
const sourceText = (source: string): string => {
  const [keyspace = "", shard = ""] = source.split("/");
  return `keyspace:${JSON.stringify(keyspace)} shard:${JSON.stringify(shard)}`;
};
