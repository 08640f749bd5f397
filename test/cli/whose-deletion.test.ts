import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { insertStream } from "../../src/sim/native/workflow.js";
import { RESHARD } from "../../src/sim/stream-row.js";
import { formatLockBody } from "../../src/topology/lock-body.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { reshardComplete } from "../sim/native/reshard-complete.js";
import { switchAll } from "../sim/native/switch-traffic.js";
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

describe("the source of a completed Reshard", () => {
  const completed = (): SimCluster => {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    cluster.run(switchAll(cluster, { keyspace: "customer", workflow: "c2" }));
    cluster.run(reshardComplete(cluster, "customer", "c2"));
    cluster.clock.advance(60_000);
    return cluster;
  };
  const RETIRED = "retired-shard-still-running@customer/0";
  const MISSING = "shard-missing-live-tablets@customer/0";
  const about = async (cluster: SimCluster) =>
    (await found(cluster)).find(({ id }) => id === RETIRED || id === MISSING);

  it("is retired while the serving shards cover its range and have its tables", async () => {
    expect(await about(completed())).toMatchObject({ id: RETIRED, severity: "info" });
  });

  it("is not while they do not cover its range", async () => {
    const cluster = completed();
    cluster.run(deleteShards(cluster, "customer", ["80-"]));
    expect(await about(cluster)).toMatchObject({
      id: MISSING,
      severity: "critical",
      state: "confirmed",
      symptom: expect.stringMatching(/no serving shards cover its key range/),
    });
    const asked = await operatorAt(cluster).write(`fix ${MISSING} --orphans retire --unsupervised --yes`);
    expect([asked.code, asked.err]).toEqual([4, expect.stringMatching(/is not repaired by vtdoctor/)]);
  });

  it("is, where a table was dropped since", async () => {
    const cluster = completed();
    cluster.tablet("zone1-0000000300").mysql.data.databases.get("vt_customer")?.delete("corder");
    expect(await about(cluster)).toMatchObject({ id: RETIRED });
    const explained = await operatorAt(cluster).type(`explain ${RETIRED} --settle 31s`);
    expect(explained.out).toMatch(/not every shard that took over has corder/);
  });

  it("is not while one of them has none of its tables", async () => {
    const cluster = completed();
    cluster.tablet("zone1-0000000300").mysql.data.databases.get("vt_customer")?.clear();
    expect(await about(cluster)).toMatchObject({
      id: MISSING,
      severity: "critical",
      symptom: expect.stringMatching(/lack corder, customer/),
    });
  });

  it("and then nothing is done about a stream that is left on it either", async () => {
    const cluster = completed();
    cluster.tablet("zone1-0000000300").mysql.data.databases.get("vt_customer")?.clear();
    const source = cluster.tablet("zone1-0000000100");
    const stream = {
      workflow: "c2_reverse",
      dbName: "vt_customer",
      source: 'keyspace:"customer" shard:"-80" filter:{rules:{match:"/.*" filter:"-"}}',
      workflowType: RESHARD,
      state: "Running",
    };
    source.engine.exec(insertStream(source, stream));
    cluster.clock.advance(5_000);
    const left = (await found(cluster)).find(({ id }) => id.startsWith("stream-on-unlisted-tablet@"));
    for (const orphans of ["retire --unsupervised", "restore"]) {
      const asked = await operatorAt(cluster).write(`fix ${left?.id} --orphans ${orphans} --yes`);
      expect([asked.code, asked.err]).toEqual([4, expect.stringMatching(/is not repaired by vtdoctor/)]);
    }
    expect(source.mysql.data.sidecar.vreplication).toHaveLength(1);
  });
});
