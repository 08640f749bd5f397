import type { Finding } from "./finding.js";

/** A finding that the operator knows and accepts, until a day. */
export interface Suppression {
  /** A finding's id or a rule's id; `*` stands for any text. */
  readonly finding: string;
  readonly reason: string;
  /** Unix milliseconds; from then on it no longer suppresses. */
  readonly until: number;
}

/** Suppressions that no longer hold at `now` (unix milliseconds), to be named until somebody removes them. */
export const expiredSuppressions = (
  suppressions: readonly Suppression[],
  now: number,
): readonly Suppression[] => suppressions.filter(({ until }) => until <= now);

/** Marks what is accepted, and what follows from it: one cause is one story (docs/decisions.md#d11). */
export const suppress = (
  findings: readonly Finding[],
  suppressions: readonly Suppression[],
  now: number,
): readonly Finding[] => {
  const living = suppressions.filter(({ until }) => until > now);
  if (living.length === 0) return findings;
  const patterns = living.map((suppression) => ({ suppression, matches: glob(suppression.finding) }));
  const byId = new Map(findings.map((finding) => [finding.id, finding]));

  const reasonFor = (finding: Finding, above: readonly string[]): string | null => {
    const own = patterns.find(({ matches }) => matches(finding.id) || matches(finding.rule));
    if (own !== undefined) return `accepted until ${dayOf(own.suppression.until)}: ${own.suppression.reason}`;
    const cause = finding.causedBy === null ? undefined : byId.get(finding.causedBy);
    if (cause === undefined || above.includes(cause.id)) return null;
    const inherited = reasonFor(cause, [...above, finding.id]);
    return inherited === null ? null : `follows from ${cause.id}, which is suppressed`;
  };

  return findings.map((finding) => {
    const reason = reasonFor(finding, []);
    return reason === null ? finding : { ...finding, state: "suppressed", because: reason };
  });
};

const glob = (pattern: string): ((text: string) => boolean) => {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`);
  return (text) => expression.test(text);
};

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
