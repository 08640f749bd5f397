import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { judgeCancel } from "../cancel/forbidden.js";
import { cancelDraft } from "../cancel/sequence.js";
import { brokenParts, cancelSubject, intactPart, partsOf } from "../cancel/subject.js";
import { type Draft, EMPTY_DRAFT, type FixRequest, joinDrafts } from "../draft.js";
import { orphanTargets, unreachableTargets } from "../dropped/targets.js";
import { shardName } from "../facts/topology.js";
import type { Recipe } from "../repair.js";

interface HalfCancelled {
  readonly keyspace: string;
  readonly workflow: string;
  /** The findings that are about it. */
  readonly findings: readonly string[];
}

/**
 * Workflows that a cancel has left half done (scene S11): it is cancelled to its end, on the targets that it dropped and on those that it
 * left, and the copied tables stay everywhere. Where the intact targets may not be touched, what was dropped is repaired all the same.
 */
export const halfCancel: Recipe = {
  name: "half-cancel",
  runs: "shards",
  drafts: (snapshot, findings, request) =>
    request.orphans === "leave"
      ? []
      : workflowsOf(snapshot, findings).flatMap((one) => draftOf(snapshot, one, request) ?? []),
};

/** One: a part of it that another repair is in the way of must not leave the rest to say that it is repaired. */
const draftOf = (
  snapshot: Snapshot,
  { keyspace, workflow, findings }: HalfCancelled,
  request: FixRequest,
): Draft | null => {
  const subject = cancelSubject(snapshot, keyspace, workflow);
  if (subject === null) return null;
  const parts = partsOf(snapshot, subject);
  const broken = brokenParts(snapshot, subject, parts, request);
  const intact = intactPart(subject, parts, broken);
  const verdict = judgeCancel(snapshot, intact, true);
  const kept = intact.targets.map(shardName).join(", ");
  return joinDrafts([
    broken,
    { ...EMPTY_DRAFT, blocked: unreachableTargets(snapshot, subject.targets) },
    verdict.kind === "forbidden"
      ? {
          ...EMPTY_DRAFT,
          blocked: verdict.refusals.map(({ reason, instead }) => ({
            object: { keyspace, workflow },
            finding: findings[0] ?? null,
            reason: `${keyspace}.${workflow} is not cancelled on ${kept}: ${reason}`,
            instead,
          })),
        }
      : cancelDraft(snapshot, verdict.subject, KEEPING),
    {
      ...EMPTY_DRAFT,
      // Else some of what follows from it is still there afterwards.
      repairs: verdict.kind === "free" && broken.blocked.length === 0 ? findings : [],
      notes: [
        `the copied tables stay on every target; vtdoctor cancel ${keyspace}.${workflow} does the same and takes those of ${kept} aside`,
      ],
    },
  ]);
};

/** A repair touches no data: only its command `cancel` does. */
const KEEPING = {
  keep: true,
  purge: false,
  keepRoutingRules: false,
  restoreSecondaryKeys: false,
  holdSchema: "",
} as const;

/** A finding of a shard, a tablet or a stream is about the workflow that the shard was dropped with. */
const workflowsOf = (snapshot: Snapshot, findings: readonly Finding[]): readonly HalfCancelled[] => {
  const named = findings.flatMap((finding) =>
    namesOf(snapshot, finding).map((name) => ({ ...name, finding })),
  );
  const byName = new Map<string, HalfCancelled>();
  for (const { keyspace, workflow, finding } of named) {
    const name = `${keyspace}.${workflow}`;
    byName.set(name, { keyspace, workflow, findings: [...(byName.get(name)?.findings ?? []), finding.id] });
  }
  return [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
};

const namesOf = (
  snapshot: Snapshot,
  finding: Finding,
): readonly { readonly keyspace: string; readonly workflow: string }[] => {
  const { keyspace, workflow, shard } = finding.object;
  if (keyspace !== undefined && workflow !== undefined && shard === undefined)
    return [{ keyspace, workflow }];
  return orphanTargets(snapshot, [finding]).flatMap((target) =>
    snapshot
      .rows("cancelled_target", { keyspace: target.keyspace, shard: target.shard })
      .map(({ keyspace, workflow }) => ({ keyspace, workflow })),
  );
};
