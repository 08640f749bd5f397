import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Draft, EMPTY_DRAFT } from "../draft.js";
import { type ShardRef, shardName } from "../view/shards.js";
import type { CancelSubject } from "./subject.js";

/** Targets that went with the others and of which nothing answers: their streams wait in a MySQL that nobody can reach through a tablet. */
export const silentShards = (snapshot: Snapshot, { keyspace, workflow }: CancelSubject): Draft => {
  const rows = snapshot.all<ShardRef & { readonly aliases: string | null }>(
    `SELECT c.keyspace, c.shard, (SELECT group_concat(alias, ', ') FROM (SELECT DISTINCT alias FROM deletion t
         WHERE t.kind = 'tablet' AND t.keyspace = c.keyspace AND t.shard = c.shard ORDER BY alias)) AS aliases
     FROM cancelled_target c WHERE c.keyspace = ? AND c.workflow = ? AND c.fate = 'silent' ORDER BY c.shard`,
    keyspace,
    workflow,
  );
  const blocked = rows.map(({ aliases, ...shard }) => ({
    object: { keyspace: shard.keyspace, shard: shard.shard },
    finding: null,
    reason: `${shardName(shard)} was dropped by the same cancel, and no tablet of it answers${aliases === null ? "" : ` (${aliases})`}: its streams stay in its MySQL and run again if it comes back as primary`,
    instead: `start it and cancel again at once, or remove it for good (vttablet and MySQL)`,
  }));
  return { ...EMPTY_DRAFT, blocked };
};
