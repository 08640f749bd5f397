import { withUnreachableTargets } from "../dropped/targets.js";
import { clearLock } from "./clear-lock.js";
import { ghostStream } from "./ghost-stream.js";
import { halfCancel } from "./half-cancel.js";
import { liftDenial } from "./lift-denial.js";
import { orphanShard } from "./orphan-shard.js";
import { rebuildSrvKeyspace } from "./rebuild-srvkeyspace.js";
import { rebuildSrvVSchema } from "./rebuild-srvvschema.js";
import type { Recipe } from "./repair.js";
import { returnedShards } from "./returned-shard.js";
import { serveFromSources } from "./serve-from-sources.js";
import { staleJournal } from "./stale-journal.js";

/** In the order in which a plan runs them: streams and records first, because other repairs rest on them. */
export const RECIPES: readonly (readonly [name: string, recipe: Recipe])[] = [
  ["clear-lock", clearLock],
  ["ghost-stream", ghostStream],
  ["half-cancel", halfCancel],
  ["orphan-shard", withUnreachableTargets(orphanShard)],
  ["returned-shard", withUnreachableTargets(returnedShards)],
  ["serve-from-sources", serveFromSources],
  ["stale-journal", staleJournal],
  ["lift-denial", liftDenial],
  ["rebuild-srvkeyspace", rebuildSrvKeyspace],
  ["rebuild-srvvschema", rebuildSrvVSchema],
];
