import { distance } from "fastest-levenshtein";

/** The known name nearest to `given`, where it is near enough to be a slip of the hand. */
function nearest(given: string, known: readonly string[]): string | null {
  const ranked = known
    .map((name) => ({ name, away: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1));
  const best = ranked[0];
  return best !== undefined && best.away <= Math.max(2, Math.floor(given.length / 3)) ? best.name : null;
}

/** ` Did you mean "x"?`, or nothing. */
export const didYouMean = (given: string, known: readonly string[]): string => {
  const name = nearest(given, known);
  return name === null ? "" : ` Did you mean "${name}"?`;
};
