import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";

interface Lock {
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly host: string;
  /** Null where it is older than its operation may be. */
  readonly until: number | null;
  readonly keyspace: string;
  readonly shard: string | null;
  readonly workflow: string | null;
}

/** An operation on its keyspaces, its shards or itself; a dead holder's lock would be in the way too. */
export const atWork = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] =>
  snapshot
    .all<Lock>(
      `SELECT l.kind, l.key, l.action, l.host_name AS host, o.until, l.keyspace, l.shard, l.workflow
       FROM topo_lock l LEFT JOIN operation o ON o.lock_key = l.key
       WHERE l.holder = 1 AND l.keyspace IN (?, ?) ORDER BY l.key`,
      subject.keyspace,
      subject.sourceKeyspace,
    )
    .filter((lock) => concerns(lock, subject))
    .map((lock) => ({
      fact: `${lock.action || "an operation"} of ${lock.host || "an unnamed host"} holds the lock ${lock.key}`,
      instead:
        lock.until === null
          ? "its holder seems to be gone: clear it with vtdoctor fix (topo-lock-stale), then cancel"
          : "wait until that operation has ended, then cancel",
    }));

const concerns = (lock: Lock, subject: CancelSubject): boolean => {
  if (lock.kind === "workflow")
    return (
      lock.keyspace === subject.keyspace &&
      [...subject.groups, ...subject.references].some((group) => group.workflow === lock.workflow)
    );
  if (lock.kind !== "shard") return true;
  return [...subject.targets, ...subject.sources].some(
    (side) => side.keyspace === lock.keyspace && side.shard === lock.shard,
  );
};
