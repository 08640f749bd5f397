import type { PathChange } from "./compare.js";

/** Names that are told one by one. */
const MOST_NAMES = 3;

/** `customer, corder, product and 4 more` */
export const firstOf = (names: readonly string[]): string => {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `${names.slice(0, MOST_NAMES).join(", ")}${more}`;
};

/** `customer, corder, product and 4 more (PRIMARY, zone1)` */
const subject = ({ names, cell, tabletType }: PathChange): string => {
  const list = names.map(({ name }) => (name.endsWith(".") ? `keyspace ${name.slice(0, -1)}` : name)).sort();
  return `${firstOf(list)} (${tabletType}, ${cell})`;
};

const placeOf = ({ shards, keyspace }: PathChange["was"]): string =>
  shards.length === 0 ? keyspace || "nowhere" : shards.join(", ");

const verdictOf = ({ reason, detail, about, verdict }: PathChange["is"]): string => {
  const told = [reason, detail, about.join(", ")].filter((part) => part !== "").join(", ");
  return verdict === "unknown" ? `not known to be served (${told})` : `not served (${told})`;
};

/** What becomes of queries: a sentence without its end. */
export const fateWords = (change: PathChange): string => {
  const { kind, was, is } = change;
  switch (kind) {
    case "lost":
      return `queries of ${subject(change)}, which ${placeOf(was)} serves, would be ${verdictOf(is)}`;
    case "moved":
      return `queries of ${subject(change)}, which lead to ${placeOf(was)} now, would lead to ${placeOf(is)}`;
    case "found":
      return `queries of ${subject(change)} are served again by ${placeOf(is)}`;
  }
};

/** In short, for the plan. */
export const changeWords = (changes: readonly PathChange[]): readonly string[] => [
  ...new Set(
    changes.map((change) => {
      const { kind, was, is } = change;
      if (kind === "lost") return `${subject(change)}: ${is.reason}`;
      return kind === "found"
        ? `${subject(change)} at ${placeOf(is)}`
        : `${subject(change)}: ${placeOf(was)} -> ${placeOf(is)}`;
    }),
  ),
];
