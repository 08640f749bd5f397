import { UsageError } from "../../cluster/errors.js";

/** Throws `UsageError` for anything but a JSON object of server addresses and revisions: a snapshot that somebody edited. */
export function revisionsByServer(json: string): ReadonlyMap<string, number> {
  const entries = entriesOf(parsed(json));
  if (entries === null || !entries.every(isRevision)) {
    throw new UsageError(
      "the snapshot's meta earlier_revisions_json is not a JSON object of servers and revisions: save the snapshot again",
    );
  }
  return new Map(entries.filter(isRevision));
}

const entriesOf = (value: unknown): readonly [string, unknown][] | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : null;

const isRevision = (entry: [string, unknown]): entry is [string, number] =>
  Number.isSafeInteger(entry[1]) && Number(entry[1]) >= 0;

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
