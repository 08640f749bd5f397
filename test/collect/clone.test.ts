import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { mapOutcome } from "../../src/cluster/outcome.js";
import { collect } from "../../src/collect/collect.js";
import { CellInfoSchema } from "../../src/proto/gen/topodata_pb.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { cellInfoKey } from "../../src/topology/paths.js";
import { encodeCellInfo } from "../../src/topology/records.js";
import type { TopologyReader } from "../../src/topology/store.js";
import { around, settingsOf, smallCluster, sourcesOf } from "./world.js";

const STAGING = "staging:2379";
const ID = "cdf818194e3a8c32";

/** A staging etcd that was put up from production's backup: its records name production's tablets, which answer. */
async function scanOfClone(clusterIds: Readonly<Record<string, string>>, last: "staging" | "production") {
  const [production, staging] = [smallCluster(), smallCluster()];
  const { etcd, root } = staging.topology.global;
  const writers = last === "staging" ? [staging] : [staging, production];
  for (const cell of ["zone1", "zone2"]) {
    const info = create(CellInfoSchema, { serverAddress: STAGING, root: `/vitess/${cell}` });
    for (const { topology } of writers)
      topology.global.etcd.put(cellInfoKey(root, cell), encodeCellInfo(info));
  }
  if (last === "production") production.topology.global.etcd.put("/anything", new Uint8Array());
  const asked: string[] = [];
  const connect = (server: string): TopologyReader => {
    const reader = server === STAGING ? staging.connect(etcd.server) : production.connect(server);
    return {
      server,
      status: async () =>
        mapOutcome(await reader.status(), (status) => ({
          ...status,
          clusterId: clusterIds[server] ?? status.clusterId,
        })),
      range: (request) => reader.range(request),
      get: (key, revision) => reader.get(key, revision),
      lease: (id) => reader.lease(id),
      close: () => reader.close(),
    };
  };
  const tablets = around(production.reader, (call, at, ask) => {
    asked.push(call);
    return ask(at);
  });
  const sources = sourcesOf(production, { connect, tablets });
  const facts = await collect(sources, settingsOf(production, { globalServer: STAGING }));
  const snapshot = Snapshot.of(facts);
  const ours = snapshot.all("SELECT alias FROM process WHERE same_cluster = 1");
  const all = snapshot.all<{ record: string }>("SELECT record FROM process");
  snapshot.close();
  return { ours, records: all.map(({ record }) => record), asked: new Set(asked) };
}

it.each([
  ["has a cluster id of its own", { [STAGING]: "1", "etcd-global:2379": "2" }, "staging"],
  ["shares the cluster id of production", { [STAGING]: ID, "etcd-global:2379": ID }, "staging"],
  [
    "shares all of production's past but the last write",
    { [STAGING]: ID, "etcd-global:2379": ID },
    "production",
  ],
] as const)(
  "an etcd that %s and names production's tablets owns none of them",
  async (_, clusterIds, last) => {
    const { ours, records, asked } = await scanOfClone(clusterIds, last);
    expect(ours).toEqual([]);
    expect(records).toEqual(["present", "present"]);
    expect([...asked].sort()).toEqual(["identity", "vars"]);
  },
);
