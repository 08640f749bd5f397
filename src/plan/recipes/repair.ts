import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { FixRequest } from "../context.js";
import {
  type Draft,
  type DraftStep,
  EMPTY_DRAFT,
  type Guard,
  isObstacle,
  joinDrafts,
  type Obstacle,
  refusedDraft,
} from "../draft.js";
import type { LockScope, Read } from "../refs.js";

/** From the confirmed findings that name it to what is done about them. Pure; a recipe that can not act says why (`blocked`). */
export type Recipe = (snapshot: Snapshot, findings: readonly Finding[], request: FixRequest) => Draft;

export type Findings = readonly [Finding, ...Finding[]];

/** One stage, with what it rests on. */
interface Remedy {
  readonly title: string;
  readonly locks: readonly LockScope[];
  readonly steps: readonly DraftStep[];
  readonly restsOn: readonly Read[];
  /** What an operator should know before saying yes. */
  readonly notes?: readonly string[];
}

/** A repair as data: a recipe of one stage for each thing that is broken. */
interface Repair<Broken> {
  /** Findings with the same answer are repaired together, in the order of the answers; absent: each on its own. */
  readonly by?: (snapshot: Snapshot, finding: Finding) => string;
  /** What the findings are about, as the snapshot has it; an obstacle: it is not there (any more). */
  readonly of: (snapshot: Snapshot, findings: Findings) => Broken | Obstacle;
  /** What forbids it: the first that does is told. */
  readonly unless?: readonly Guard<Broken>[];
  readonly plan: (snapshot: Snapshot, broken: Broken) => Remedy;
}

export const repair =
  <Broken extends object>({ by, of, unless = [], plan }: Repair<Broken>): Recipe =>
  (snapshot, findings) =>
    joinDrafts(
      grouped(findings, by === undefined ? null : (finding) => by(snapshot, finding)).map((group): Draft => {
        const broken = of(snapshot, group);
        if (isObstacle(broken)) return refusedDraft(group, [broken]);
        for (const guard of unless) {
          const obstacles = guard(snapshot, broken);
          if (obstacles.length > 0) return refusedDraft(group, obstacles);
        }
        const { title, locks, steps, restsOn, notes = [] } = plan(snapshot, broken);
        return {
          ...EMPTY_DRAFT,
          repairs: group.map(({ id }) => id),
          stages: [{ title, locks, steps }],
          reads: restsOn,
          notes,
        };
      }),
    );

const grouped = (
  findings: readonly Finding[],
  nameOf: ((finding: Finding) => string) | null,
): readonly Findings[] => {
  if (nameOf === null) return findings.map((finding) => [finding]);
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const name = nameOf(finding);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [finding]);
    else group.push(finding);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
};
