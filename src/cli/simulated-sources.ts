import type { CollectSettings, CollectSources } from "../collect/collect.js";
import type { SimCluster } from "../sim/cluster.js";
import { NO_INVENTORY } from "../witnesses/inventory.js";

/** A simulated cluster's read side, as `readSources` gives a real one's. */
export const simulatedSources = (cluster: SimCluster): CollectSources => ({
  connect: (server) => cluster.connect(server),
  tablets: cluster.reader,
  clock: cluster.clock,
});

/** The defaults of the connection flags, for the simulated cluster. */
export const simulatedSettings = ({ topology }: SimCluster, version: string): CollectSettings => ({
  version,
  globalServer: topology.global.etcd.server,
  globalRoot: topology.global.root,
  inventory: NO_INVENTORY,
  earlier: [],
  keyspaces: [],
  cells: [],
  timeoutMs: 5000,
  concurrency: 64,
  history: { enabled: true, budget: 400 },
  mysql: false,
  askTables: false,
  settleMs: null,
});
