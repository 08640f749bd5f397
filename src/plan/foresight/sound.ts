import { RefusedError } from "../../cluster/errors.js";
import { type Draft, type DraftStep, refusal } from "../draft.js";
import type { Foreseen } from "../plan.js";
import { describeStep, type Step } from "../steps/index.js";
import type { Harm, Played } from "./play.js";

const stepsOf = ({ stages }: Pick<Draft, "stages">): readonly DraftStep[] =>
  stages.flatMap(({ steps }) => steps);

/** What a harm is, with the step that does it. */
const harmWords = ({ step, words }: Harm, steps: readonly DraftStep[]): string => {
  const doing = step === null ? undefined : steps[step];
  return doing === undefined ? `at its end ${words}` : `after "${describeStep(doing).does}" ${words}`;
};

const instead = ({ step }: Harm, then: string): string =>
  step === null
    ? `look for what is to be repaired before this, or with it, so that it does not come to that, ${then}`
    : `see where those queries should go (vtdoctor query "SELECT * FROM query_name"), repair that first, ${then}`;

interface Parts {
  readonly kept: readonly Draft[];
  readonly played: Played;
  /** The repairs that are left out, each as what blocks it. */
  readonly refused: readonly Draft[];
}

/**
 * Leaves out the repairs by whose steps somebody would be harmed, until the rest harms nobody. Which one it is, is found by the shortest
 * beginning of the list that does.
 */
export const soundParts = (
  parts: readonly Draft[],
  playedAs: (parts: readonly Draft[]) => { readonly draft: Draft; readonly played: Played },
): Parts => {
  const refused: Draft[] = [];
  let kept = parts;
  let whole = playedAs(kept);
  while (whole.played.kind === "harmful") {
    let [sound, harmful] = [0, kept.length];
    let { harm } = whole.played;
    let words = harmWords(harm, stepsOf(whole.draft));
    while (harmful - sound > 1) {
      const middle = Math.floor((sound + harmful) / 2);
      const { draft, played } = playedAs(kept.slice(0, middle));
      if (played.kind === "sound") sound = middle;
      else [harmful, harm, words] = [middle, played.harm, harmWords(played.harm, stepsOf(draft))];
    }
    const culprit = kept[harmful - 1];
    if (culprit === undefined) break;
    kept = kept.filter((part) => part !== culprit);
    refused.push(blockedFor(culprit, words, instead(harm, "then scan and plan again")));
    whole = playedAs(kept);
  }
  return { kept, refused, played: whole.played };
};

const blockedFor = ({ repairs, blocked }: Draft, words: string, otherwise: string): Draft => {
  const obstacles = [{ reason: `it is foreseen that ${words}`, instead: otherwise }];
  const findings: readonly (string | null)[] = repairs.length === 0 ? [null] : [...new Set(repairs)].sort();
  const told = findings.map((finding) => refusal({ object: {}, finding }, obstacles));
  return {
    ...refusal({ object: {}, finding: null }, []),
    blocked: [...blocked, ...told.flatMap((one) => one.blocked)],
  };
};

interface Sound {
  readonly foreseen: Foreseen;
  readonly steps: readonly Step[];
}

/** What a refusal is about. */
export interface Subject {
  readonly is: string;
  /** What to do when the obstacle is gone. */
  readonly afterwards: string;
}

/** What was played of a whole plan's steps. One that changes where queries lead asks for consent, whatever its kind says. Throws `RefusedError` that names the step and what it does to whom. */
export const foresee = (played: Played, steps: readonly Step[], { is, afterwards }: Subject): Sound => {
  if (played.kind === "harmful")
    throw new RefusedError(
      `${is} is refused, for it was played on what was seen, and ${harmWords(played.harm, steps)}. Instead: ${instead(played.harm, afterwards)}. Nothing was changed.`,
    );
  return {
    foreseen: played.foreseen,
    steps: steps.map((step, at) => (played.routing.has(at) ? { ...step, class: "confirm" } : step)),
  };
};
