import type { CollectSettings, CollectSources } from "../collect/collect.js";
import type { Connection } from "../config/settings.js";
import type { Facts } from "../snapshot/facts.js";
import { createTabletReader } from "../tablets/reader.js";
import { connectEtcdReader } from "../topology/etcd-reader.js";
import { NO_INVENTORY, readInventory } from "../witnesses/inventory.js";
import type { Context } from "./context.js";
import { tabletOptions } from "./tablet-options.js";

/** Reads of old revisions that one scan may ask of an etcd (design D7). */
const HISTORY_BUDGET = 400;

/** A real cluster's read side; `close` lets the process end. */
export function readSources(
  connection: Connection,
  context: Context,
  quiet: boolean,
): CollectSources & { close(): void } {
  const tablets = createTabletReader(tabletOptions(connection), context.clock);
  const etcd = { timeoutMs: connection.timeoutMs, tls: connection.etcdTls };
  return {
    connect: (server) => connectEtcdReader(server, etcd, context.clock),
    tablets,
    clock: context.clock,
    progress: (text) => {
      if (!quiet) context.terminal.progress(text);
    },
    close: () => tablets.close(),
  };
}

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
  history: { enabled: true, budget: HISTORY_BUDGET },
  mysql: connection.mysql !== null,
  askTables: false,
  settleMs,
});
