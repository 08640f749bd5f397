import { silenceText } from "../findings/coverage.js";
import type { Finding, FindingState } from "../findings/finding.js";
import { partnerOf } from "../snapshot/derive/workflow.js";
import type { Circumstances, Operation, Silence } from "./circumstances.js";
import { FILTERS } from "./filters.js";
import type { Match } from "./match.js";

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
  match: Match,
  circumstances: Circumstances,
  seenBefore: ReadonlyMap<string, number>,
): Assessment => {
  const { rule, finding } = match;
  if (match.unknown !== null) return { state: "unknown", because: match.unknown };

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

  if (match.doubt !== null) return { state: "suspected", because: match.doubt };

  if (match.durable !== null) return { state: "confirmed", because: match.durable };

  const earlier = seenBefore.get(finding.id);
  if (earlier === undefined) return SEEN_ONCE;
  const ms = circumstances.takenAt - earlier;
  const twice = `seen twice, ${FILTERS.duration(ms / 1000)} apart`;
  if (ms >= match.settleMs) return { state: "confirmed", because: twice };
  const needed = match.settleMs / 1000;
  return {
    state: "suspected",
    because: `${twice}, and a moment of this kind may last ${FILTERS.duration(needed)}: look so far apart with --settle ${needed}s`,
  };
};

const SEEN_ONCE: Assessment = {
  state: "suspected",
  because: "seen once; scan again with --settle to tell it from a passing moment",
};

/**
 * Every match's assessment, by finding id. What was only seen once is confirmed with the finding that it follows from: a lasting cause
 * makes a lasting story.
 */
export const assessAll = (
  matches: readonly Match[],
  circumstances: Circumstances,
  seenBefore: ReadonlyMap<string, number>,
): ReadonlyMap<string, Assessment> => {
  const own = new Map(matches.map((match) => [match.finding.id, assess(match, circumstances, seenBefore)]));
  const causes = new Map(matches.map(({ finding }) => [finding.id, finding.causedBy]));
  const withCause = (id: string, below: readonly string[]): Assessment => {
    const assessment = own.get(id) ?? SEEN_ONCE;
    const cause = causes.get(id) ?? null;
    if (assessment !== SEEN_ONCE || cause === null || below.includes(cause)) return assessment;
    const above = withCause(cause, [...below, id]);
    return above.state === "confirmed"
      ? { state: "confirmed", because: `part of ${cause}, which lasts: ${above.because}` }
      : assessment;
  };
  return new Map(matches.map(({ finding }) => [finding.id, withCause(finding.id, [])]));
};

const nameOperation = (operation: Operation): string => {
  const { age_s, skew_s } = operation;
  if (skew_s !== null)
    return `${operation.action} of ${operation.host_name} is running for ${FILTERS.duration(age_s)} by its lease, and for ${FILTERS.duration(age_s + skew_s)} by its holder's clock: clock skew of ${FILTERS.duration(Math.abs(skew_s))} (${operation.lock_key})`;
  const since = operation.since === null ? "" : ` since ${FILTERS.time(operation.since)}`;
  return `${operation.action} of ${operation.host_name} is running${since} (${operation.lock_key})`;
};

type FindingObject = Finding["object"];

/**
 * Whether an operation may be changing this object: a keyspace of its own, and no other shard or workflow than the object's. A workflow's
 * operation covers its keyspaces' shards too, which it may be switching, and its streams in either direction.
 */
const operationCovers = (operation: Operation, object: FindingObject): boolean =>
  Boolean(object.keyspace) &&
  (operation.keyspace === object.keyspace || operation.other_keyspace === object.keyspace) &&
  agrees(operation.shard, object.shard) &&
  (agrees(operation.workflow, object.workflow) || partnerOf(operation.workflow) === object.workflow);

/**
 * Whether a silent source could have told of this object: where both name a cell, keyspace, shard or tablet, they name the same one.
 */
export const silenceCovers = (silence: Silence, object: FindingObject): boolean =>
  agrees(silence.cell, object.cell) &&
  agrees(silence.keyspace, object.keyspace) &&
  agrees(silence.shard, object.shard) &&
  agrees(silence.alias, object.alias);

const agrees = (given: string, own: string | undefined): boolean =>
  given === "" || own === undefined || own === "" || given === own;
