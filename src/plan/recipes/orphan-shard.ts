import type { Named, ShardRequest, Stopping } from "../draft.js";
import { blockedOf, type DecidedShard, decide, decidedOn, notesOf } from "../dropped/decision.js";
import { restorePremises, restoreStages } from "../dropped/restore-records.js";
import { retirePremises, retireStages } from "../dropped/retirement.js";
import { endingStreams, unreachableWith } from "../dropped/targets.js";
import { endStreams, keyNotes } from "../end-streams.js";
import { orphanTargets } from "../facts/dropped-shard.js";
import { streamPremises } from "../facts/stream-facts.js";
import { repair } from "../repair.js";

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
    const touched = [...decidedOn(shards, "restore"), ...decidedOn(shards, "retire")];
    const returning = decidedOn(shards, "restore").map(({ orphan }) => orphan);
    const leaving = decidedOn(shards, "retire").map(({ orphan }) => orphan);
    const ending = endingStreams(snapshot, returning, leaving);
    return {
      stages: [
        endStreams(snapshot, ending),
        ...restoreStages(snapshot, returning),
        ...(stopping === null ? [] : retireStages(snapshot, leaving, stopping)),
      ],
      restsOn: [
        ...streamPremises(snapshot, [...ending.groups, ...ending.reverse]),
        ...returning.flatMap((orphan) => restorePremises(snapshot, orphan)),
        ...leaving.flatMap((orphan) => retirePremises(snapshot, orphan)),
      ],
      notes: [...touched.flatMap((one) => notesOf(snapshot, one)), ...keyNotes(snapshot, ending.groups, "")],
      partly: {
        repairs: touched.flatMap(({ target }) => target.finding ?? []),
        blocked: shards.flatMap(blockedOf),
      },
    };
  },
});
