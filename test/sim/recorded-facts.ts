import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CollectSettings, type CollectSources, collect } from "../../src/collect/collect.js";
import type { Recordings } from "../../src/rules/examples.js";
import type { Rule } from "../../src/rules/rule.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { loadRecording } from "./recording.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/recordings", import.meta.url));

/** What a scan of the recorded clusters that the examples of `rules` name sees, with every running tablet in its inventory. */
export async function recordedFacts(rules: readonly Rule[], recordings = FOLDER): Promise<Recordings> {
  const known = new Map<string, Facts>();
  for (const name of namesIn(rules)) {
    const folder = join(recordings, name);
    if (!existsSync(folder)) continue;
    const cluster = loadRecording(folder);
    // What is left of a lease was not recorded; the simulator made it up.
    known.set(name, { ...(await collect(sourcesOf(cluster), settingsOf(cluster))), topo_lease: [] });
  }
  return (name) => known.get(name) ?? null;
}

const namesIn = (rules: readonly Rule[]): ReadonlySet<string> =>
  new Set(
    rules
      .flatMap(({ examples }) => [...examples.sick, ...examples.healthy])
      .flatMap(({ recording }) => recording ?? []),
  );

const sourcesOf = (cluster: SimCluster): CollectSources => ({
  connect: (server) => cluster.connect(server),
  tablets: cluster.reader,
  clock: cluster.clock,
});

const settingsOf = ({ topology, tablets }: SimCluster): CollectSettings => ({
  version: "test",
  globalServer: topology.global.etcd.server,
  globalRoot: topology.global.root,
  inventory: {
    tablets: tablets
      .filter(({ running }) => running)
      .map(({ host, grpcPort, vtPort }) => ({ host, grpc: grpcPort, http: vtPort })),
    overrides: {},
  },
  earlier: [],
  keyspaces: [],
  cells: [],
  timeoutMs: 5000,
  concurrency: 64,
  historyBudget: 400,
  mysql: false,
  askTables: false,
  settleMs: null,
});
