import { silenceText } from "../findings/coverage.js";
import type { FindingState } from "../findings/finding.js";
import type { Circumstances, Operation } from "./circumstances.js";
import { operationCovers, silenceCovers } from "./cover.js";
import { FILTERS } from "./filters.js";
import type { Sighting } from "./sighting.js";

export interface Assessment {
  readonly state: FindingState;
  readonly because: string;
}

/** Two observations this far apart prove that something is no passing moment (docs/decisions.md#d11). Milliseconds. */
export const SETTLE_MS = 30_000;

/**
 * How sure the verdict is. In this order: a source is missing (unknown), an operation in flight may explain it (deferred), what it
 * rests on moved during the scan or is in doubt (suspected), it is proven lasting (confirmed), it was seen once (suspected).
 */
const assess = (
  sighting: Sighting,
  circumstances: Circumstances,
  seenBefore: ReadonlyMap<string, number>,
): Assessment => {
  const { rule, finding } = sighting;
  if (sighting.unknown !== null) return { state: "unknown", because: sighting.unknown };

  const silence = circumstances.silences.find(
    (one) => rule.needs.some((need) => need === one.domain) && silenceCovers(one, finding.object),
  );
  if (silence !== undefined)
    return {
      state: "unknown",
      because: silenceText(silence),
    };

  const operation = circumstances.operations.find((one) => operationCovers(one, finding.object));
  if (operation !== undefined) return { state: "deferred", because: nameOperation(operation) };

  const moved = finding.evidence.find(({ source }) => circumstances.movedKeys.has(source));
  if (moved !== undefined)
    return { state: "suspected", because: `${moved.source} changed while the cluster was read` };

  if (sighting.doubt !== null) return { state: "suspected", because: sighting.doubt };

  if (sighting.durable !== null) return { state: "confirmed", because: sighting.durable };

  const earlier = seenBefore.get(finding.id);
  if (earlier !== undefined) {
    const apart = FILTERS.duration((circumstances.takenAt - earlier) / 1000);
    return { state: "confirmed", because: `seen twice, ${apart} apart` };
  }
  return SEEN_ONCE;
};

const SEEN_ONCE: Assessment = {
  state: "suspected",
  because: "seen once; scan again with --settle to tell it from a passing moment",
};

/**
 * Every sighting's assessment, by finding id. What was only seen once is confirmed with the finding that it follows from: a lasting cause
 * makes a lasting story.
 */
export const assessAll = (
  sightings: readonly Sighting[],
  circumstances: Circumstances,
  seenBefore: ReadonlyMap<string, number>,
): ReadonlyMap<string, Assessment> => {
  const own = new Map(
    sightings.map((sighting) => [sighting.finding.id, assess(sighting, circumstances, seenBefore)]),
  );
  const causes = new Map(sightings.map(({ finding }) => [finding.id, finding.causedBy]));
  const withCause = (id: string, below: readonly string[]): Assessment => {
    const assessment = own.get(id) ?? SEEN_ONCE;
    const cause = causes.get(id) ?? null;
    if (assessment !== SEEN_ONCE || cause === null || below.includes(cause)) return assessment;
    const above = withCause(cause, [...below, id]);
    return above.state === "confirmed"
      ? { state: "confirmed", because: `part of ${cause}, which lasts: ${above.because}` }
      : assessment;
  };
  return new Map(sightings.map(({ finding }) => [finding.id, withCause(finding.id, [])]));
};

const nameOperation = (operation: Operation): string => {
  const { age_s, skew_s } = operation;
  if (skew_s !== null)
    return `${operation.action} of ${operation.host_name} is running for ${FILTERS.duration(age_s)} by its lease, and for ${FILTERS.duration(age_s + skew_s)} by its holder's clock: clock skew of ${FILTERS.duration(Math.abs(skew_s))} (${operation.lock_key})`;
  const since = operation.since === null ? "" : ` since ${FILTERS.time(operation.since)}`;
  return `${operation.action} of ${operation.host_name} is running${since} (${operation.lock_key})`;
};
