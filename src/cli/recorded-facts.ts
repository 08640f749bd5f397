import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CollectSettings, type CollectSources, collect } from "../collect/collect.js";
import type { Recordings } from "../rules/examples.js";
import type { Rule } from "../rules/rule.js";
import type { SimCluster } from "../sim/cluster.js";
import { loadRecording } from "../sim/recording.js";
import type { Facts } from "../snapshot/facts.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/recordings", import.meta.url));

/**
 * What a scan of the recorded clusters that the examples of `rules` name sees, with every running tablet in its inventory; none of them
 * where there are no recordings, as in an installed package.
 */
export async function recordedFacts(rules: readonly Rule[], version: string): Promise<Recordings> {
  const known = new Map<string, Facts>();
  for (const name of namesIn(rules)) {
    const folder = join(FOLDER, name);
    if (!existsSync(folder)) continue;
    const cluster = loadRecording(folder);
    known.set(name, await collect(sourcesOf(cluster), settingsOf(cluster, version)));
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

const settingsOf = ({ topology, tablets }: SimCluster, version: string): CollectSettings => ({
  version,
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
