import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { formatLockBody } from "../../src/topology/lock-body.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { operatorAt } from "./harness.js";

interface Found {
  readonly id: string;
  readonly severity: string;
  readonly state: string;
  readonly symptom: string;
}

/** A vtctld died inside an operation on a workflow half an hour ago, and its named lock lives for a day. */
const deadVtctld = (cluster: SimCluster, workflow: string, action: string): void => {
  const { etcd } = cluster.topology.global;
  const lease = etcd.grant(86_400);
  const body = { action, hostName: "dead-vtctld", userName: "vitess", time: cluster.clock.now() };
  etcd.put(
    `/vitess/global/internal/named_locks/customer/${workflow}/locks/${lease}`,
    formatLockBody(body),
    lease,
  );
  cluster.clock.advance(1_800_000);
};

const found = async (cluster: SimCluster): Promise<readonly Found[]> => {
  const { out } = await operatorAt(cluster).type("scan --settle 31s --format json");
  return (JSON.parse(out) as { findings: readonly Found[] }).findings;
};

describe("what a person deleted while a dead vtctld's named lock was left", () => {
  it("was not that vtctld's cancel: no healthy workflow is half cancelled by it", async () => {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    deadVtctld(cluster, "mt", "WorkflowDelete");
    cluster.run(deleteShards(cluster, "customer", ["-80"]));
    cluster.clock.advance(60_000);
    const findings = await found(cluster);
    expect(findings.map(({ id }) => id)).not.toContain("workflow-half-cancelled@customer/c2");
    const missing = findings.find(({ id }) => id === "shard-missing-live-tablets@customer/-80");
    expect(missing?.symptom).toMatch(/deleted the shard at .* \(DeleteShard\)/);
    const asked = await operatorAt(cluster).write(`fix ${missing?.id} --yes`);
    expect([asked.code, asked.err]).toEqual([4, expect.stringMatching(/it may have been meant/)]);
  });

  it("was not its complete: the only shard with data is not called retired", async () => {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    deadVtctld(cluster, "mt", "MoveTablesComplete");
    cluster.run(deleteShards(cluster, "customer", ["0"]));
    cluster.clock.advance(60_000);
    const ids = (await found(cluster)).map(({ id }) => id);
    expect(ids).not.toContain("retired-shard-still-running@customer/0");
    expect(ids).toContain("shard-missing-live-tablets@customer/0");
    const restored = await operatorAt(cluster).write(
      "fix shard-missing-live-tablets@customer/0 --orphans restore --settle 31s --dry-run",
    );
    expect(restored.out).not.toMatch(/completed workflow|stale|never restored/);
  });
});
