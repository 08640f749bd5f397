import { createHash } from "node:crypto";
import type { ClusterMark } from "./plan.js";

export interface MarkedEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
}

export const markOf = (
  server: string,
  { key, value, createRevision, modRevision }: MarkedEntry,
): ClusterMark => ({
  server,
  key,
  createRevision,
  modRevision,
  sha256: createHash("sha256").update(value).digest("hex"),
});

/** Whether `found` can be what became of `mark`: the same key of the same birth, unchanged, or written since. */
const agrees = (mark: ClusterMark, found: ClusterMark): boolean =>
  mark.createRevision === found.createRevision &&
  (mark.modRevision === found.modRevision
    ? mark.sha256 === found.sha256
    : mark.modRevision < found.modRevision);

/** Null where the servers agree, else the first key that tells them apart. What is gone proves nothing, unless all of it is. */
export function contradiction(marks: readonly ClusterMark[], found: readonly ClusterMark[]): string | null {
  const byKey = new Map(found.map((one) => [one.key, one]));
  const known = marks.flatMap((mark) => {
    const there = byKey.get(mark.key);
    return there === undefined ? [] : [{ mark, there }];
  });
  const other = known.find(({ mark, there }) => !agrees(mark, there));
  if (other !== undefined) return other.mark.key;
  return known.length === 0 ? (marks[0]?.key ?? null) : null;
}
