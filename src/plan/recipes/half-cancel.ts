import { judgeCancel } from "../cancel/forbidden.js";
import { cancelDraft } from "../cancel/sequence.js";
import { brokenParts, cancelSubject, intactPart, partsOf } from "../cancel/subject.js";
import { EMPTY_DRAFT, joinDrafts, refusal } from "../draft.js";
import { unreachableTargets } from "../dropped/targets.js";
import { halfCancelled } from "../facts/dropped-shard.js";
import { shardNames } from "../facts/topology.js";
import type { Recipe } from "../repair.js";

/** A repair touches no data: only its command `cancel` does. */
const KEEPING = {
  keep: true,
  purge: false,
  keepRoutingRules: false,
  restoreSecondaryKeys: false,
  holdSchema: () => "",
} as const;

/**
 * Workflows that a cancel has left half done (scene S11): it is cancelled to its end, on the targets that it dropped and on those that it
 * left, and the copied tables stay everywhere. Where the intact targets may not be touched, what was dropped is repaired all the same.
 * One draft: a part of it that another repair is in the way of must not leave the rest to say that it is repaired.
 */
export const halfCancel: Recipe = {
  name: "half-cancel",
  runs: "shards",
  drafts: (snapshot, all, request) =>
    halfCancelled(snapshot, request.orphans === "leave" ? [] : all).flatMap(
      ({ keyspace, workflow, findings }) => {
        const subject = cancelSubject(snapshot, keyspace, workflow);
        if (subject === null) return [];
        const parts = partsOf(snapshot, subject);
        const broken = brokenParts(snapshot, subject, parts, request);
        const intact = intactPart(subject, parts, broken);
        const verdict = judgeCancel(snapshot, intact, KEEPING.keep);
        const name = `${keyspace}.${workflow}`;
        const kept = shardNames(intact.targets);
        const at = { object: { keyspace, workflow }, finding: findings[0] ?? null };
        const note = `the copied tables stay on every target; vtdoctor cancel ${name} does the same and takes those of ${kept} aside`;
        // Else some of what follows from it is still there afterwards.
        const whole = verdict.kind === "free" && broken.blocked.length === 0;
        return joinDrafts([
          broken,
          { ...EMPTY_DRAFT, blocked: unreachableTargets(snapshot, subject.targets) },
          verdict.kind === "free"
            ? cancelDraft(snapshot, verdict.subject, KEEPING)
            : refusal(
                at,
                verdict.refusals.map(({ reason, instead }) => ({
                  reason: `${name} is not cancelled on ${kept}: ${reason}`,
                  instead,
                })),
              ),
          { ...EMPTY_DRAFT, repairs: whole ? findings : [], notes: [note] },
        ]);
      },
    ),
};
