import type { CollectSettings } from "../collect/collect.js";
import type { Connection } from "../config/settings.js";
import type { Facts } from "../snapshot/facts.js";
import { NO_INVENTORY, readInventory } from "../witnesses/inventory.js";

/** Reads of old revisions that one scan may ask of an etcd (docs/decisions.md#d7). */
const HISTORY_BUDGET = 400;

export const collectSettings = (
  connection: Connection,
  earlier: readonly Facts[],
  settleMs: number | null,
  version: string,
): CollectSettings => ({
  version,
  globalServer: connection.globalServer,
  globalRoot: connection.globalRoot,
  inventory: connection.inventory === null ? NO_INVENTORY : readInventory(connection.inventory),
  earlier,
  keyspaces: connection.keyspaces,
  cells: connection.cells,
  timeoutMs: connection.timeoutMs,
  concurrency: connection.concurrency,
  historyBudget: HISTORY_BUDGET,
  mysql: connection.mysql !== null,
  askTables: false,
  settleMs,
});
