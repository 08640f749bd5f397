import type { Snapshot } from "../../../snapshot/snapshot.js";
import { type Obstacle, shardName } from "../../view/shards.js";
import type { OrphanShard } from "./inspect.js";

/** Whether etcd's history still shows all that the operation deleted: it reaches back to before its lock was taken. */
export const historyReaches = (snapshot: Snapshot, { deletion }: OrphanShard): boolean => {
  if (deletion === null) return false;
  const [start] = snapshot.all<{ locked: number | null; horizon: number | null }>(
    `SELECT s.horizon, (SELECT mod_revision FROM topo_history_lock l
       WHERE l.server = s.server AND l.deleted_revision = ? AND l.key = ?) AS locked
     FROM topo_server s WHERE s.server = ?`,
    deletion.deletedRevision,
    deletion.lockKey,
    deletion.server,
  );
  return (start?.horizon ?? 0) <= (start?.locked ?? deletion.createRevision);
};

/** A tablet that history no longer lists could be the dead primary that revives a stream (docs/decisions.md#d17). */
export const forgotten = (orphan: OrphanShard): Obstacle => ({
  reason: `etcd's history no longer reaches back to the start of the operation that dropped ${shardName(orphan)}, so it may have had tablets that nobody knows of`,
  instead: "make sure that every tablet of the shard runs, then say --orphans restore",
});
