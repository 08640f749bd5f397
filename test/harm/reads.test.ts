import { describe, expect, test } from "vitest";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { operatorAt } from "../cli/harness.js";
import { switchReads } from "../sim/native/switch-traffic.js";

const C2 = { keyspace: "customer", workflow: "c2" };

/** Reads go to the targets of a cancelled Reshard, which work and grow old; the source's three replicas may not serve. */
function staleReads(): SimCluster {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  for (const uid of [101, 102, 103]) {
    const replica = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: "customer", shard: "0" });
    cluster.run(startTablet(cluster, replica));
  }
  cluster.run(reshardCreate(cluster, { ...C2, sources: ["0"], targets: ["-80", "80-"] }));
  cluster.clock.advance(3000);
  cluster.run(switchReads(cluster, C2));
  for (const tablet of cluster.tablets) tablet.refreshState();
  cluster.run(reshardCancel(cluster, { ...C2, version: 24, keepData: true }));
  cluster.clock.advance(700_000);
  return cluster;
}

const replicas = (cluster: SimCluster): readonly SimTablet[] =>
  [101, 102, 103].map((uid) => cluster.tablet(`zone1-0000000${uid}`));

const serving = (cluster: SimCluster): readonly string[] =>
  replicas(cluster)
    .filter((tablet) => tablet.serving)
    .map(({ name }) => name);

const readsGoTo = (cluster: SimCluster): string | undefined =>
  cluster.topology
    .srvKeyspace("zone1", "customer")
    .get()
    ?.partitions.filter(({ servedType }) => servedType === TabletType.REPLICA)
    .flatMap(({ shardReferences }) => shardReferences.map(({ name }) => name))
    .join();

/** RefreshState of these tablets is not answered; `seen` is told at each call of it where reads go. */
function silentOnRefresh(cluster: SimCluster, uids: readonly number[], seen: (route?: string) => void): void {
  const ports = uids.map((uid) => cluster.tablet(`zone1-0000000${uid}`).grpcPort);
  const real = cluster.writer.refreshState.bind(cluster.writer);
  cluster.writer.refreshState = async (at) => {
    seen(readsGoTo(cluster));
    return ports.includes(at.grpcPort)
      ? { kind: "unanswered", reason: "timeout", message: "no answer within 5000 ms" }
      : real(at);
  };
}

const FIX = "fix served-shard-not-fed@customer --yes";

describe("reads go back to the source", () => {
  test("after its replicas were told, and one that does not answer stops none of the others", async () => {
    const cluster = staleReads();
    expect(serving(cluster)).toEqual([]);
    const routes = new Set<string | undefined>();
    silentOnRefresh(cluster, [101], (route) => routes.add(route));
    const said = await operatorAt(cluster).write(FIX);
    expect(said.code, said.err + said.out).toBe(0);
    expect(said.err + said.out).toMatch(/zone1-0000000101 .*did not answer .*RefreshState zone1-0000000101/);
    expect([...routes]).toEqual(["-80,80-"]);
    expect(serving(cluster)).toEqual(["zone1-0000000102", "zone1-0000000103"]);
    expect(readsGoTo(cluster)).toBe("0");
  });

  test("not where no replica would serve them", async () => {
    const cluster = staleReads();
    silentOnRefresh(cluster, [101, 102, 103], () => {});
    const said = await operatorAt(cluster).write(FIX);
    expect(said.code, said.err + said.out).toBe(4);
    expect(said.err).toMatch(/no REPLICA of customer\/0 in zone1 serves/);
    expect(readsGoTo(cluster)).toBe("-80,80-");
  });

  test("not where there is no replica", async () => {
    const cluster = staleReads();
    for (const tablet of replicas(cluster)) tablet.stop();
    const said = await operatorAt(cluster).write(FIX);
    expect(said.code, said.err + said.out).toBe(4);
    expect(said.err).toMatch(/no REPLICA of customer\/0 in zone1 answers/);
    expect(readsGoTo(cluster)).toBe("-80,80-");
  });

  test("and no undo sends them back to where nobody serves them", async () => {
    const cluster = staleReads();
    const { write } = operatorAt(cluster);
    const said = await write(FIX);
    const [, run = ""] = /run (\S+):/.exec(said.out + said.err) ?? [];
    const served = serving(cluster);
    const undone = await write(`undo ${run} --yes`);
    expect(undone.code, undone.err + undone.out).toBe(4);
    expect(undone.err).toMatch(
      /after "changes SrvKeyspace of customer in cell zone1: .*" queries of .*customer.* \(REPLICA, zone1\), which customer\/0 serves, would be not served \(tablet-none, customer\/80-\)/,
    );
    expect(serving(cluster)).toEqual(served);
  });
});
