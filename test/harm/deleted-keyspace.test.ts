import { readdirSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { CellInfoSchema, KeyspaceSchema } from "../../src/proto/gen/topodata_pb.js";
import { KeyspaceSchema as VSchemaSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { applyVSchema, createKeyspace } from "../../src/sim/native/keyspace.js";
import { encodeCellInfo } from "../../src/topology/records.js";
import { operatorAt } from "../cli/harness.js";
import { snapshotOf } from "../crash/scene.js";
import { deleteKeyspace } from "../sim/native/delete-keyspace.js";
import { deleteShards } from "../sim/native/delete-shards.js";

const ID = "keyspace-missing-live-tablets@customer";
const RESTORE = `fix ${ID} --orphans restore --yes`;

/** With a sidecar database of its own, whose name nobody could guess. */
function built(): SimCluster {
  const cluster = labCluster({ version: "24.0.4", rows: 20 });
  const record = cluster.topology.keyspace("customer");
  record.put(create(KeyspaceSchema, { durabilityPolicy: "none", sidecarDbName: "_vt_customer" }));
  for (const { sidecarName } of cluster.tablets) expect(sidecarName).toBe("_vt_customer");
  cluster.clock.advance(60_000);
  return cluster;
}

function keyspaceDeleted(cluster = built()): SimCluster {
  cluster.run(deleteKeyspace(cluster, "customer"));
  cluster.clock.advance(60_000);
  return cluster;
}

const keysOf = (cluster: SimCluster): readonly string[] =>
  cluster.topology.global.etcd
    .range("/")
    .map(({ key, value }) => `${key} ${Buffer.from(value).toString("base64")}`);

async function verdicts(cluster: SimCluster): Promise<readonly unknown[]> {
  const snapshot = await snapshotOf(cluster);
  const rows = snapshot
    .rows("query_path", { keyspace: "customer" })
    .map(({ cell, tablet_type, verdict, names_json }) => [cell, tablet_type, verdict, names_json]);
  snapshot.close();
  return rows;
}

async function found(type: ReturnType<typeof operatorAt>["type"]): Promise<readonly string[]> {
  const scan = JSON.parse((await type("scan --format json")).out) as { findings: { id: string }[] };
  return scan.findings.map(({ id }) => id);
}

test("a deleted keyspace is one critical story, which does not say to retire what may be the only copy", async () => {
  const { type } = operatorAt(keyspaceDeleted());
  const said = await type("scan");
  expect(said.out).toMatch(/critical +customer +4 tablets of customer \(-80, 0 and 80-\) kept running/);
  expect(said.out).toContain(`next: vtdoctor fix ${ID} --orphans restore`);
  expect(said.out).not.toContain("--orphans retire");
  const told = await type(`explain ${ID}`);
  expect(told.out).toContain(
    "vtctldclient CreateKeyspace --durability-policy=none --sidecar-db-name=_vt_customer customer",
  );
});

test("nothing of it is touched until somebody says what was meant, and then every shard of it", async () => {
  const cluster = keyspaceDeleted();
  const { type } = operatorAt(cluster);
  const before = keysOf(cluster);
  const asked = await type(`fix ${ID} --yes`);
  expect([asked.code, asked.err]).toEqual([4, expect.stringContaining("under the lock DeleteKeyspace")]);
  expect(keysOf(cluster)).toEqual(before);
  const dry = await type(`fix ${ID} --orphans retire --unsupervised --dry-run`);
  expect(dry.code, dry.err).toBe(1);
  for (const shard of ["customer/-80", "customer/0", "customer/80-"]) expect(dry.out).toContain(shard);
});

const DELETIONS: readonly (readonly [string, (cluster: SimCluster) => void])[] = [
  ["DeleteKeyspace --recursive", (cluster) => keyspaceDeleted(cluster)],
  [
    "DeleteShards, then DeleteKeyspace",
    (cluster) => {
      cluster.run(deleteShards(cluster, "customer", ["0", "-80", "80-"]));
      keyspaceDeleted(cluster);
    },
  ],
  [
    "DeleteKeyspace, and SrvVSchema was rebuilt since",
    (cluster) => {
      keyspaceDeleted(cluster);
      cluster.run(applyVSchema(cluster, "elsewhere", create(VSchemaSchema)));
    },
  ],
  [
    "etcdctl del of its global records",
    ({ topology }) => {
      const { etcd, root } = topology.global;
      for (const { key } of etcd.range(`${root}/keyspaces/customer/`)) etcd.delete(key);
    },
  ],
  [
    "etcdctl del of its global records and of a cell's ShardReplication and SrvKeyspace",
    ({ topology }) => {
      const { etcd } = topology.global;
      for (const { key } of etcd.range("/")) if (key.includes("/keyspaces/customer/")) etcd.delete(key);
    },
  ],
];

describe.each(DELETIONS)("a keyspace that went by %s", (_, away) => {
  test("is put back whole, as it was, and serves", async () => {
    const cluster = built();
    cluster.run(createKeyspace(cluster, "elsewhere"));
    cluster.clock.advance(60_000);
    const { type, write } = operatorAt(cluster);
    const [records, paths, findings] = [keysOf(cluster), await verdicts(cluster), await found(type)];
    expect(paths).toContainEqual(["zone1", "PRIMARY", "served", expect.stringContaining("corder")]);
    away(cluster);
    cluster.clock.advance(60_000);
    expect(await found(type)).toContain(ID);
    const said = await write(RESTORE);
    expect(said.code, said.err + said.out).toBe(0);
    expect(await verdicts(cluster)).toEqual(paths);
    expect(keysOf(cluster)).toEqual(records);
    expect(await found(type)).toEqual(findings);
    expect((await write(RESTORE)).code).toBe(2);
  });
});

describe("is not put back", () => {
  async function refused(cluster: SimCluster, why: RegExp): Promise<void> {
    const before = keysOf(cluster);
    const { type } = operatorAt(cluster);
    const said = await type(RESTORE);
    expect([said.code, said.out + said.err]).toEqual([4, expect.stringMatching(why)]);
    expect(keysOf(cluster)).toEqual(before);
  }

  test("over one that somebody made anew since the plan", async () => {
    const cluster = keyspaceDeleted();
    const { type, folder } = operatorAt(cluster);
    const file = join(folder, "plan.json");
    expect((await type(`fix ${ID} --orphans restore --dry-run --out ${file}`)).code).toBe(1);
    cluster.run(createKeyspace(cluster, "customer"));
    const before = keysOf(cluster);
    const said = await type(`fix --plan ${file} --yes`);
    expect([said.code, said.err]).toEqual([4, expect.stringContaining("did not exist and is at revision")]);
    expect(keysOf(cluster)).toEqual(before);
  });

  test("where one of its shards has a record again", async () => {
    const cluster = built();
    const { etcd, root } = cluster.topology.global;
    for (const { key } of etcd.range(`${root}/keyspaces/customer/`))
      if (!key.includes("/shards/-80/")) etcd.delete(key);
    cluster.clock.advance(60_000);
    await refused(cluster, /customer\/-80 has its Shard record again, while customer has no Keyspace record/);
  });

  test("where a cell does not say what it has of it", async () => {
    const cluster = built();
    const { etcd, root } = cluster.topology.global;
    const record = create(CellInfoSchema, { serverAddress: "10.9.9.9:2379", root: "/vitess/zone9" });
    etcd.put(`${root}/cells/zone9/CellInfo`, encodeCellInfo(record));
    await refused(
      keyspaceDeleted(cluster),
      /cell zone9 did not answer, so nobody knows what it has of customer/,
    );
  });

  test("where its tablets are vitess-operator's, which would undo it", async () => {
    const cluster = built();
    const record = cluster.topology.tablet({ cell: "zone1", uid: 100 });
    const was = record.get();
    if (was !== null) record.put({ ...was, tags: { "planetscale.com/cluster": "example" } });
    await refused(keyspaceDeleted(cluster), /the tablets of customer\/0 belong to vitess-operator/);
  });

  test("where a shard that served has no tablet that answers", async () => {
    const cluster = keyspaceDeleted();
    cluster.tablet("zone1-0000000100").stop();
    await refused(cluster, /customer\/0 served until its record was deleted, and no tablet of it answers/);
  });

  test("where etcd has compacted its VSchema, which a cell still has", async () => {
    const cluster = built();
    const { etcd, root } = cluster.topology.global;
    cluster.topology.vschema("customer").delete();
    etcd.compact(etcd.revision);
    for (const { key } of etcd.range(`${root}/keyspaces/customer/`)) etcd.delete(key);
    cluster.clock.advance(60_000);
    await refused(cluster, /does not show the VSchema of customer any more/);
  });

  test("where its Shard records and its SrvKeyspace did not agree on who serves", async () => {
    const cluster = built();
    for (const shard of ["0", "-80", "80-"]) {
      const record = cluster.topology.shard("customer", shard);
      const was = record.get();
      if (was !== null) record.put({ ...was, isPrimaryServing: shard !== "0" });
    }
    await refused(keyspaceDeleted(cluster), /routes writes to 0, and by their Shard records -80, 80- served/);
  });

  test("where that would publish the loss of another keyspace's VSchema", async () => {
    const cluster = built();
    cluster.run(createKeyspace(cluster, "elsewhere"));
    keyspaceDeleted(cluster);
    cluster.run(applyVSchema(cluster, "elsewhere", create(VSchemaSchema, { tables: { kept: {} } })));
    cluster.topology.vschema("elsewhere").put(create(VSchemaSchema));
    cluster.clock.advance(60_000);
    await refused(cluster, /the VSchema of elsewhere has lost .*table kept/);
  });

  test("where etcd has compacted its records: what can not be known is said, and how it is made by hand", async () => {
    const cluster = built();
    const { etcd, root } = cluster.topology.global;
    for (const { key } of etcd.range(`${root}/keyspaces/customer/`)) etcd.delete(key);
    etcd.compact(etcd.revision);
    cluster.clock.advance(60_000);
    await refused(
      cluster,
      /begins at revision \d+, .*nobody knows its durability policy, its sidecar database name and its type, nor its VSchema/,
    );
  });
});

test("a run that came half way is taken back to where nothing is named keyspace, and can be done again", async () => {
  const cluster = keyspaceDeleted();
  const { write, folder } = operatorAt(cluster);
  const said = await write(RESTORE, {
    onNote: (line) => {
      if (line.includes("done  02-")) cluster.tablet("zone1-0000000300").stop();
    },
  });
  expect([said.code, said.err]).toEqual([5, expect.stringContaining("zone1-0000000300")]);
  expect(cluster.topology.keyspaces()).toEqual(["customer"]);
  const [run] = readdirSync(join(folder, "runs"));
  const undone = await write(`undo ${run} --yes`);
  expect(undone.code, undone.err + undone.out).toBe(0);
  expect(keysOf(cluster).filter((key) => key.includes("/global/keyspaces/"))).toEqual([]);
});

test("an undo does not take away what serves again", async () => {
  const cluster = keyspaceDeleted();
  const { write, folder } = operatorAt(cluster);
  expect((await write(RESTORE)).code).toBe(0);
  const before = keysOf(cluster);
  const [run] = readdirSync(join(folder, "runs"));
  const undone = await write(`undo ${run} --yes`);
  expect([undone.code, undone.out + undone.err]).toEqual([
    4,
    expect.stringContaining("customer/0 serves queries"),
  ]);
  expect(keysOf(cluster)).toEqual(before);
});
