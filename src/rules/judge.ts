import type { Finding } from "../findings/finding.js";
import { compareFindings } from "../findings/order.js";
import { type Suppression, suppress } from "../findings/suppression.js";
import { assessAll, SETTLE_MS } from "./assess.js";
import { joinCauses } from "./causes.js";
import { readCircumstances } from "./circumstances.js";
import type { Queryable, Row, Rule } from "./rule.js";
import { ruleFailed } from "./rule-failed.js";
import { settledSince } from "./settled.js";
import { type Sighting, sight } from "./sighting.js";

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
    [...settledSince(snapshot), ...sightingsAt(rules, options.earlier)].filter(
      ([, at]) => circumstances.takenAt - at >= SETTLE_MS,
    ),
  );
  const { sightings, failures } = look(snapshot, rules, circumstances.takenAt);
  const joined = joinCauses(sightings);
  const assessments = assessAll(joined, circumstances, seenBefore);
  const findings = joined.map(({ finding }) => ({
    ...finding,
    ...assessments.get(finding.id),
    firstSeen: seenBefore.get(finding.id) ?? finding.firstSeen,
  }));
  return suppress([...findings, ...failures], options.suppressions, options.now).toSorted(compareFindings);
};

interface Look {
  readonly sightings: readonly Sighting[];
  readonly failures: readonly Finding[];
}

const look = (snapshot: Queryable, rules: readonly Rule[], takenAt: number): Look => {
  const sightings: Sighting[] = [];
  const failures: Finding[] = [];
  for (const rule of rules) {
    try {
      sightings.push(...sightingsOf(snapshot, rule, takenAt));
    } catch (error) {
      failures.push(ruleFailed(rule, error, takenAt));
    }
  }
  return { sightings, failures };
};

const sightingsOf = (snapshot: Queryable, rule: Rule, takenAt: number): readonly Sighting[] => {
  const seen = new Set<string>();
  return snapshot.all<Row>(rule.query).map((row) => {
    const sighting = sight(snapshot, rule, row, takenAt);
    if (seen.has(sighting.finding.id)) throw new Error(`its query gives ${sighting.finding.id} twice`);
    seen.add(sighting.finding.id);
    return sighting;
  });
};

/** The ids of what the rules see in a snapshot, sure or not, but for what it can not judge; sorted. */
export const sightedIds = (snapshot: Queryable, rules: readonly Rule[]): readonly string[] =>
  sightingsAt(rules, snapshot)
    .map(([id]) => id)
    .toSorted();

/** Finding ids with the time of the look. What a look could not judge it has not shown: its object may have been there all the time. */
const sightingsAt = (
  rules: readonly Rule[],
  snapshot: Queryable | null,
): readonly (readonly [string, number])[] => {
  if (snapshot === null) return [];
  const circumstances = readCircumstances(snapshot);
  const { sightings } = look(snapshot, rules, circumstances.takenAt);
  const assessments = assessAll(joinCauses(sightings), circumstances, new Map());
  return sightings
    .map(({ finding }) => finding.id)
    .filter((id) => assessments.get(id)?.state !== "unknown")
    .map((id) => [id, circumstances.takenAt]);
};
