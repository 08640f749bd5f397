import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Draft, EMPTY_DRAFT, joinDrafts } from "../draft.js";
import { type ShardRef, shardName } from "../view/shards.js";
import { orphanTargets } from "./orphan/targets.js";
import type { Recipe } from "./repair.js";

/**
 * Targets that one cancel dropped with these and of which nothing answers: their streams wait in a MySQL that nobody can reach through a
 * tablet. Nothing can be done about them now, which is said.
 */
export const unreachableTargets = (snapshot: Snapshot, shards: readonly ShardRef[]): Draft => {
  const rows = snapshot.all<ShardRef & { readonly aliases: string | null }>(
    `SELECT DISTINCT c.keyspace, c.shard, (SELECT group_concat(alias, ', ') FROM (SELECT DISTINCT alias FROM deletion t
         WHERE t.kind = 'tablet' AND t.keyspace = c.keyspace AND t.shard = c.shard ORDER BY alias)) AS aliases
     FROM cancelled_target c JOIN cancelled_target s USING (keyspace, workflow)
     WHERE c.fate = 'silent' AND s.keyspace || '/' || s.shard IN (SELECT value FROM json_each(?))
     ORDER BY c.keyspace, c.shard`,
    JSON.stringify(shards.map(shardName)),
  );
  const blocked = rows.map(({ aliases, ...shard }) => ({
    object: { keyspace: shard.keyspace, shard: shard.shard },
    finding: null,
    reason: `${shardName(shard)} was dropped by the same cancel, and no tablet of it answers${aliases === null ? "" : ` (${aliases})`}: its streams stay in its MySQL and run again if it comes back as primary`,
    instead: "start it and cancel again at once, or remove it for good (vttablet and MySQL)",
  }));
  return { ...EMPTY_DRAFT, blocked };
};

/** A repair of dropped shards, which also says what can not be done about those that went with them. */
export const withUnreachableTargets =
  (recipe: Recipe): Recipe =>
  (snapshot, findings, request) =>
    joinDrafts([
      recipe(snapshot, findings, request),
      unreachableTargets(snapshot, request.orphans === "leave" ? [] : orphanTargets(snapshot, findings)),
    ]);
