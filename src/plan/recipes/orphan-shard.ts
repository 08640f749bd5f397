import type { Snapshot } from "../../snapshot/snapshot.js";
import type { ShardRequest, Stopping } from "../draft.js";
import { blockedOf, type DecidedShard, decide } from "../dropped/decision.js";
import { restorePremises, restoreStages } from "../dropped/restore-records.js";
import { retireNotes, retirePremises, retireStages } from "../dropped/retirement.js";
import {
  cancelledStreams,
  orphanTargets,
  removedBefore,
  reverseLeftovers,
  stayingNotes,
  unreachableWith,
} from "../dropped/targets.js";
import { endStreams, keyNotes, vdiffSteps } from "../end-streams.js";
import { historyCovers, reachable } from "../facts/dropped-shard.js";
import { streamPremises } from "../facts/stream-facts.js";
import { orderShards, shardName, shardNames } from "../facts/topology.js";
import { type Named, repair } from "../repair.js";

/** Of one keyspace. */
interface OrphanShards {
  readonly shards: readonly DecidedShard[];
  readonly stopping: Stopping | null;
}

/**
 * Shards whose records are gone while their tablets run (scenes S1, S1b; docs/decisions.md#d17): the streams of the cancel that dropped them, or
 * of a retired shard all, are stopped, proven stopped and deleted, then the records come back, and the running primary names itself. What may
 * be done, and what forbids it, is `dropped/decision.ts`'s: where something does, nothing of the shard is touched. A stream elsewhere is never
 * touched, whatever its name.
 */
export const orphanShard = repair<OrphanShards, Named, ShardRequest>({
  name: "orphan-shard",
  runs: "shards",
  besides: unreachableWith,
  by: (snapshot, finding) => orphanTargets(snapshot, [finding])[0]?.keyspace ?? "",
  of: (snapshot, findings, { orphans, stopping }) => ({
    shards: orphanTargets(snapshot, findings).map((target) => decide(snapshot, target, orphans, stopping)),
    stopping,
  }),
  plan: (snapshot, { shards, stopping }) => {
    const done = (kind: DecidedShard["decision"]["kind"]): readonly DecidedShard[] =>
      shards.filter(({ decision, obstacles }) => decision.kind === kind && obstacles.length === 0);
    const touched = [...done("restore"), ...done("retire")];
    const orphans = touched.map(({ orphan }) => orphan).toSorted(orderShards);
    const returning = done("restore").map(({ orphan }) => orphan);
    const leaving = done("retire").map(({ orphan }) => orphan);
    const groups = orphans.flatMap((orphan) =>
      (leaving.includes(orphan) ? orphan.groups : cancelledStreams(snapshot, orphan)).filter(reachable),
    );
    const reverse = reverseLeftovers(snapshot, orphans, groups);
    const workflows = [...new Set([...groups, ...reverse].map(({ workflow }) => workflow))];
    const vdiffs = orphans.flatMap((orphan) =>
      orphan.primaries.flatMap((primary) => {
        const own = groups.filter(({ process }) => process === primary).map(({ workflow }) => workflow);
        return vdiffSteps(snapshot, primary, leaving.includes(orphan) ? null : own);
      }),
    );
    const title = `Stop and delete the streams of ${workflows.join(", ")} on ${shardNames(orphans)}`;
    return {
      stages: [
        endStreams(snapshot, { title, shards: orphans, groups, reverse, vdiffs }),
        ...restoreStages(snapshot, returning),
        ...(stopping === null ? [] : retireStages(snapshot, leaving, stopping)),
      ],
      restsOn: [
        ...streamPremises(snapshot, [...groups, ...reverse]),
        ...returning.flatMap((orphan) => restorePremises(snapshot, orphan)),
        ...leaving.flatMap((orphan) => retirePremises(snapshot, orphan)),
      ],
      notes: [...touched.flatMap((one) => notesOf(snapshot, one)), ...keyNotes(snapshot, groups, "")],
      partly: {
        repairs: touched.flatMap(({ target }) => target.finding ?? []),
        blocked: shards.flatMap(blockedOf),
      },
    };
  },
});

const notesOf = (snapshot: Snapshot, { orphan, decision }: DecidedShard): readonly string[] => [
  ...orphan.groups
    .filter((group) => !reachable(group))
    .map(
      (group) =>
        `${group.process.alias} is ${group.process.type}, so the streams of ${group.workflow} in its MySQL can not be stopped through it`,
    ),
  ...(decision.kind === "retire" ? retireNotes(snapshot, orphan) : []),
  ...(decision.kind === "restore" ? stayingNotes(snapshot, orphan) : []),
  ...removedBefore(orphan).map(
    (alias) =>
      `${alias} had left ${shardName(orphan)} before its records were dropped; if it still runs, it is on its own`,
  ),
  ...(decision.kind === "restore" && !historyCovers(snapshot, orphan)
    ? [
        `history no longer lists the tablets of ${shardName(orphan)}: one that does not run now can not be known, and would bring its stream back`,
      ]
    : []),
];
