import { RefusedError } from "../../cluster/errors.js";
import type { Obstacle } from "../draft.js";

/** Every fact that was found, and the way out of the first. */
export const refusedFor = (name: string, refusals: readonly Obstacle[]): RefusedError => {
  const facts = [...new Set(refusals.map((refusal) => refusal.reason))].join("; ");
  return new RefusedError(`${name} can not be cancelled: ${facts}. Instead: ${refusals[0]?.instead}.`);
};

/** What to do about a silence. */
export const MAKE_IT_ANSWER = "make it answer, then plan again: an absence is never concluded from silence";
