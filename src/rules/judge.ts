import { compareFindings, type Finding } from "../findings/finding.js";
import { type Suppression, suppress } from "../findings/suppression.js";
import { assessAll, SETTLE_MS } from "./assess.js";
import { joinCauses } from "./causes.js";
import { readCircumstances } from "./circumstances.js";
import { type Match, matchOf } from "./match.js";
import type { Queryable, Row, Rule } from "./rule.js";
import { ruleFailed } from "./rule-failed.js";
import { settledSince } from "./settled.js";

export interface JudgeOptions {
  /** Unix milliseconds, for the end of suppressions. */
  readonly now: number;
  /** The same cluster seen before; what both show, at least 30 s apart, is confirmed. */
  readonly earlier: Queryable | null;
  readonly suppressions: readonly Suppression[];
}

/** What the rules say of one snapshot. Pure: the same snapshots and options give the same findings, worst first. */
export const judge = (
  snapshot: Queryable,
  rules: readonly Rule[],
  options: JudgeOptions,
): readonly Finding[] => {
  const circumstances = readCircumstances(snapshot);
  const seenBefore = new Map(
    [...settledSince(snapshot), ...matchesAt(rules, options.earlier)].filter(
      ([, at]) => circumstances.takenAt - at >= SETTLE_MS,
    ),
  );
  const { matches, failures } = look(snapshot, rules, circumstances.takenAt);
  const joined = joinCauses(matches);
  const assessments = assessAll(joined, circumstances, seenBefore);
  const findings = joined.map(({ finding }) => ({
    ...finding,
    ...assessments.get(finding.id),
    firstSeen: seenBefore.get(finding.id) ?? finding.firstSeen,
  }));
  return suppress([...findings, ...failures], options.suppressions, options.now).toSorted(compareFindings);
};

interface Look {
  readonly matches: readonly Match[];
  readonly failures: readonly Finding[];
}

const look = (snapshot: Queryable, rules: readonly Rule[], takenAt: number): Look => {
  const matches: Match[] = [];
  const failures: Finding[] = [];
  for (const rule of rules) {
    try {
      matches.push(...matchesOf(snapshot, rule, takenAt));
    } catch (error) {
      failures.push(ruleFailed(rule, error, takenAt));
    }
  }
  return { matches, failures };
};

const matchesOf = (snapshot: Queryable, rule: Rule, takenAt: number): readonly Match[] => {
  const seen = new Set<string>();
  return snapshot.all<Row>(rule.query).map((row) => {
    const match = matchOf(snapshot, rule, row, takenAt);
    if (seen.has(match.finding.id)) throw new Error(`its query gives ${match.finding.id} twice`);
    seen.add(match.finding.id);
    return match;
  });
};

/** The ids of what the rules see in a snapshot, sure or not, but for what it can not judge; sorted. */
export const matchedIds = (snapshot: Queryable, rules: readonly Rule[]): readonly string[] =>
  matchesAt(rules, snapshot)
    .map(([id]) => id)
    .toSorted();

/** Finding ids with the time of the look. What a look could not judge it has not shown: its object may have been there all the time. */
const matchesAt = (
  rules: readonly Rule[],
  snapshot: Queryable | null,
): readonly (readonly [string, number])[] => {
  if (snapshot === null) return [];
  const circumstances = readCircumstances(snapshot);
  const { matches } = look(snapshot, rules, circumstances.takenAt);
  const assessments = assessAll(joinCauses(matches), circumstances, new Map());
  return matches
    .map(({ finding }) => finding.id)
    .filter((id) => assessments.get(id)?.state !== "unknown")
    .map((id) => [id, circumstances.takenAt]);
};
