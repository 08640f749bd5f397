// Written by `npm run recipes` from ../recipes.
import { clearLock } from "../recipes/clear-lock.js";
import { copyThrottler } from "../recipes/copy-throttler.js";
import { deadTablet } from "../recipes/dead-tablet.js";
import { deletedKeyspace } from "../recipes/deleted-keyspace.js";
import { ghostStream } from "../recipes/ghost-stream.js";
import { halfCancel } from "../recipes/half-cancel.js";
import { idleControls } from "../recipes/idle-controls.js";
import { leadTogether } from "../recipes/lead-together.js";
import { liftDenial } from "../recipes/lift-denial.js";
import { listTabletsOfShard } from "../recipes/list-tablets.js";
import { lostSource } from "../recipes/lost-source.js";
import { migrationStream } from "../recipes/migration-stream.js";
import { namePrimary } from "../recipes/name-primary.js";
import { openSide } from "../recipes/open-side.js";
import { orphanGraph } from "../recipes/orphan-graph.js";
import { orphanRules } from "../recipes/orphan-rules.js";
import { orphanShard } from "../recipes/orphan-shard.js";
import { rebuildSrvKeyspace } from "../recipes/rebuild-srvkeyspace.js";
import { rebuildSrvVSchema } from "../recipes/rebuild-srvvschema.js";
import { refreshTablet } from "../recipes/refresh-tablet.js";
import { returnedShards } from "../recipes/returned-shard.js";
import { serveFromSources } from "../recipes/serve-from-sources.js";
import { sourceShards } from "../recipes/source-shards.js";
import { staleJournal } from "../recipes/stale-journal.js";
import { unthrottleApp } from "../recipes/unthrottle-app.js";
import { vdiffOrphan } from "../recipes/vdiff-orphan.js";
import type { Recipe } from "../repair.js";

export const RECIPES: readonly Recipe[] = [
  clearLock,
  copyThrottler,
  deadTablet,
  deletedKeyspace,
  ghostStream,
  halfCancel,
  idleControls,
  leadTogether,
  liftDenial,
  listTabletsOfShard,
  lostSource,
  migrationStream,
  namePrimary,
  openSide,
  orphanGraph,
  orphanRules,
  orphanShard,
  rebuildSrvKeyspace,
  rebuildSrvVSchema,
  refreshTablet,
  returnedShards,
  serveFromSources,
  sourceShards,
  staleJournal,
  unthrottleApp,
  vdiffOrphan,
];
