import { RefusedError } from "../../cluster/errors.js";

/** A fact that forbids a cancel, and what to do instead. */
export interface Refusal {
  readonly fact: string;
  readonly instead: string;
}

/** Throws `RefusedError` with every fact that was found, and the way out of the first. */
export const refuse = (name: string, refusals: readonly Refusal[]): void => {
  const [first] = refusals;
  if (first === undefined) return;
  const facts = [...new Set(refusals.map((refusal) => refusal.fact))].join("; ");
  throw new RefusedError(`${name} can not be cancelled: ${facts}. Instead: ${first.instead}.`);
};

/** What to do about a silence. */
export const MAKE_IT_ANSWER = "make it answer, then plan again: an absence is never concluded from silence";
