import type { Finding } from "../findings/finding.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import {
  type Draft,
  type DraftStage,
  type FixRequest,
  type Guard,
  isObstacle,
  type Named,
  type Obstacle,
  refusal,
  worthRunning,
} from "./draft.js";
import type { Blocked, Premise } from "./fields.js";

/**
 * When in a plan a repair runs: streams and records first, because other repairs rest on them. Repairs that run at one time run in the
 * order of their names.
 */
const TIMES = ["locks", "streams", "shards", "traffic", "records", "serving graph"] as const;

/** What rules name. Pure; one that can not act says why (`blocked`). */
export interface Recipe<N extends Named = Finding, Asked = FixRequest> {
  /** As rules name it; its file in `recipes/` has it too. */
  readonly name: string;
  readonly runs: (typeof TIMES)[number];
  /** What it would repair as information may be meant: only where the finding is named. */
  readonly asks?: true;
  /** From the confirmed findings that name it to what is done about them. */
  readonly drafts: (snapshot: Snapshot, findings: readonly N[], request: Asked) => readonly Draft[];
  /** What belongs to the findings too, and why nobody can repair it now. */
  readonly besides?: (snapshot: Snapshot, findings: readonly N[], request: Asked) => readonly Blocked[];
}

/** In the order in which a plan runs them. */
export const inOrder = (recipes: readonly Recipe[]): readonly Recipe[] =>
  recipes.toSorted((a, b) => TIMES.indexOf(a.runs) - TIMES.indexOf(b.runs) || (a.name < b.name ? -1 : 1));

export type Group<N extends Named = Finding> = readonly [N, ...N[]];

/** What is done, with what it rests on. */
type Remedy = (DraftStage | { readonly stages: readonly DraftStage[] }) & {
  readonly restsOn: readonly Premise[];
  /** What an operator should know before saying yes. */
  readonly notes?: readonly string[];
  /** Where it is not all that was asked for: the findings that are gone then, and what stays, and why. */
  readonly partly?: { readonly repairs: readonly string[]; readonly blocked: readonly Blocked[] };
};

/** A repair as data: a recipe for each thing that is broken. */
interface Repair<Broken, N extends Named, Asked> extends Omit<Recipe<N, Asked>, "drafts"> {
  /** Findings with the same answer are repaired together, in the order of the answers; absent: each on its own. */
  readonly by?: (snapshot: Snapshot, finding: N) => string;
  /** What the findings are about, as the snapshot has it; an obstacle: it is not there (any more); null: it is to be left alone. */
  readonly of: (snapshot: Snapshot, findings: Group<N>, request: Asked) => Broken | Obstacle | null;
  /** What forbids it: the first that does is told. */
  readonly unless?: readonly Guard<Broken>[];
  /** Where one refusal answers all findings of a group: the object that it names. Absent: each finding is told. */
  readonly about?: (finding: N) => Blocked["object"];
  readonly plan: (snapshot: Snapshot, broken: Broken, findings: Group<N>) => Remedy;
}

export const repair = <Broken extends object, N extends Named = Finding, Asked = FixRequest>({
  name,
  runs,
  asks,
  besides,
  ...declared
}: Repair<Broken, N, Asked>): Recipe<N, Asked> => ({
  name,
  runs,
  ...(asks === undefined ? {} : { asks }),
  ...(besides === undefined ? {} : { besides }),
  drafts: (snapshot, findings, request) =>
    groupsOf(snapshot, findings, declared.by).flatMap((group): Draft | readonly Draft[] => {
      const broken = declared.of(snapshot, group, request);
      if (broken === null) return [];
      if (isObstacle(broken)) return refused(declared, group, [broken]);
      for (const guard of declared.unless ?? []) {
        const obstacles = guard(snapshot, broken);
        if (obstacles.length > 0) return refused(declared, group, obstacles);
      }
      const { restsOn, notes = [], partly, ...work } = declared.plan(snapshot, broken, group);
      return {
        repairs: partly?.repairs ?? group.flatMap(({ id }) => id ?? []),
        stages: worthRunning("stages" in work ? work.stages : [work]),
        premises: restsOn,
        blocked: partly?.blocked ?? [],
        notes,
      };
    }),
});

const refused = <N extends Named>(
  { about }: Pick<Repair<never, N, never>, "about">,
  group: Group<N>,
  obstacles: readonly Obstacle[],
): readonly Draft[] =>
  about === undefined
    ? group.map(({ object, id }) => refusal({ object, finding: id }, obstacles))
    : [refusal({ object: about(group[0]), finding: group[0].id }, obstacles)];

const groupsOf = <N extends Named>(
  snapshot: Snapshot,
  findings: readonly N[],
  by: ((snapshot: Snapshot, finding: N) => string) | undefined,
): readonly Group<N>[] => {
  if (by === undefined) return findings.map((finding) => [finding]);
  const groups = new Map<string, [N, ...N[]]>();
  for (const finding of findings) {
    const name = by(snapshot, finding);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [finding]);
    else group.push(finding);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
};
