import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import {
  ShardReferenceSchema,
  type SrvKeyspace,
  TabletAliasSchema,
  TabletType,
  ThrottlerConfigSchema,
} from "../../src/proto/gen/topodata_pb.js";
import {
  decodeShard,
  decodeSrvKeyspace,
  encodeShard,
  encodeSrvKeyspace,
} from "../../src/topology/records.js";
import { Doctor, ids, type ScanDocument } from "./lab/doctor.js";
import { rewritten } from "./lab/kept.js";
import { GLOBAL_ETCD, Lab, labMissing, TWO_CELLS, until } from "./lab/lab.js";
import { ranAllOf, runNext, runPrinted } from "./lab/printed.js";
import { reshardCluster } from "./lab/reshard.js";

const ZONE2 = 22479;
const GRAPH = "/cells/two/keyspaces/customer/SrvKeyspace";
const VSCHEMA = "/cells/two/SrvVSchema";
const COUNT = "select count(*) from customer";
/** Field 1000, text: of a Vitess that is not written yet. */
const FUTURE = Buffer.from([0xc2, 0x3e, 2, 0x68, 0x69]);

const OTHERS: readonly string[] = [
  "shard-replication-missing-node",
  "shard-replication-stale-node",
  "srvkeyspace-orphan",
  "srvkeyspace-throttler-drift",
  "topo-key-misplaced",
];

const SHARD = "/vitess/global/keyspaces/customer/shards/0/Shard";
const MISRECORDED: readonly string[] = [
  "shard-primary-alias-mismatch",
  "tablet-controls-lingering",
  "tablet-record-dead-address",
  "tablet-record-shard-missing",
];

/** S16: the second cell's serving graph is gone, then old. */
describe.skipIf(labMissing() !== null)("S16, the serving graph", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  const serves = (): Promise<void> =>
    until("zone2's vtgate to answer", 30_000, async () => (await asked()) === "1000");
  const fails = (): Promise<void> =>
    until("zone2's vtgate to fail", 10_000, async () => /^Error/.test(await asked()));
  const asked = (): Promise<string> => lab.gate("customer@primary", COUNT, "zone2").catch(String);

  const bytesAt = async (key: string): Promise<Buffer> =>
    Buffer.from((await lab.topologyKeys(ZONE2)).get(key) ?? "", "base64");

  /** Any bytes: etcdctl takes a value that is no text from its standard input. */
  function put(key: string, value: Uint8Array): void {
    const file = join(lab.dir, "value");
    writeFileSync(file, value);
    execFileSync("sh", ["-c", `etcdctl --endpoints 127.0.0.1:${ZONE2} put ${key} < ${file}`], {
      env: { ...process.env, ETCDCTL_API: "3" },
    });
  }

  async function graph(): Promise<SrvKeyspace> {
    const record = decodeSrvKeyspace(await bytesAt(GRAPH));
    if (record.kind === "unanswered") throw new Error(record.message);
    return record.value;
  }

  const routes = async (): Promise<readonly string[]> =>
    (await graph()).partitions.map(
      ({ servedType, shardReferences }) =>
        `${TabletType[servedType]} ${shardReferences.map(({ name }) => name).join()}`,
    );

  /** By the command of each finding, as it is printed. */
  async function mended(doctor: Doctor, { findings }: ScanDocument): Promise<void> {
    for (const finding of findings.filter(({ id }) => /^srv/.test(id)))
      await runNext(doctor, finding, { more: "--yes" });
    await serves();
    expect(graphFindings(await doctor.scan())).toEqual([]);
  }

  const graphFindings = (document: ScanDocument): readonly string[] =>
    ids(document).filter((id) => /^srv/.test(id));

  it("is rebuilt with what Vitess would drop: what is missing by --all --yes, a route by its name", async () => {
    lab = await Lab.up({ version: "24", cells: TWO_CELLS });
    await reshardCluster(lab, { workflow: null, targets: {} });
    await lab.tablet(110, "customer", "0", "replica", "zone2");
    await lab.ctl("UpdateThrottlerConfig", "--enable", "--threshold", "7", "customer");
    await lab.startVtgate("zone2");
    await serves();
    const doctor = new Doctor(lab);
    expect(graphFindings(await doctor.scan())).toEqual([]);
    const before = { graph: await bytesAt(GRAPH), vschema: await bytesAt(VSCHEMA) };

    for (const key of [GRAPH, VSCHEMA]) await lab.etcdctl(ZONE2, "del", key);
    await fails();
    const gone = await doctor.scan("--settle", "0");
    expect(graphFindings(gone)).toEqual(["srvkeyspace-missing@zone2/customer", "srvvschema-missing@zone2"]);
    await runPrinted(doctor, "src/report/human", await doctor.run("scan"), "vtdoctor fix --all", { code: 1 });
    await mended(doctor, gone);
    expect(await bytesAt(GRAPH)).toEqual(before.graph);

    const record = await graph();
    const stale = record.partitions.map((partition) =>
      partition.servedType === TabletType.PRIMARY
        ? { ...partition, shardReferences: [create(ShardReferenceSchema, { name: "old" })] }
        : partition,
    );
    put(GRAPH, Buffer.concat([encodeSrvKeyspace({ ...record, partitions: stale }), FUTURE]));
    const vschema = JSON.parse(await lab.ctl("GetVSchema", "customer"));
    vschema.vindexes.more = { type: "hash" };
    await lab.ctl("ApplyVSchema", "--vschema", JSON.stringify(vschema), "customer");
    put(VSCHEMA, before.vschema);
    await fails();
    const old = await doctor.scan("--settle", "0");
    expect(graphFindings(old)).toEqual([
      "srvkeyspace-partition-drift@zone2/customer",
      "srvvschema-stale@zone2",
    ]);
    await mended(doctor, old);
    expect(await routes()).toEqual(["PRIMARY 0", "REPLICA 0", "RDONLY 0"]);
    expect((await graph()).throttlerConfig?.threshold).toBe(7);
    expect((await graph()).$unknown?.map(({ no }) => no)).toEqual([1000]);
    await othersMended(doctor);
  });

  /** A7, A8, C4, C10 and A15, in the second cell. */
  async function othersMended(doctor: Doctor): Promise<void> {
    await lab.ctl("ShardReplicationRemove", "customer/0", "zone2-0000000110");
    await lab.ctl("ShardReplicationAdd", "customer/0", "zone2-0000000999");
    const record = await graph();
    put("/cells/two/keyspaces/old/SrvKeyspace", await bytesAt(GRAPH));
    put(GRAPH, encodeSrvKeyspace({ ...record, throttlerConfig: create(ThrottlerConfigSchema) }));
    await lab.etcdctl(ZONE2, "put", "/cells/two/keyspaces/old/notes", "none of Vitess's");
    const found = await doctor.scan();
    const others = found.findings.filter(({ rule }) => OTHERS.includes(rule));
    expect(others.map(({ rule }) => rule).toSorted()).toEqual([...OTHERS].toSorted());
    for (const finding of others)
      if (finding.repair.class !== "manual") await runNext(doctor, finding, { more: "--yes" });
    const key = "/cells/two/keyspaces/old/notes";
    expect(await bytesAt(key)).not.toEqual(Buffer.alloc(0));
    await lab.etcdctl(ZONE2, "del", key);
    expect((await doctor.scan()).findings.filter(({ rule }) => OTHERS.includes(rule))).toEqual([]);
    expect(await lab.ctl("GetShardReplication", "customer/0", "zone2")).not.toContain("999");
    expect((await graph()).throttlerConfig?.threshold).toBe(7);
    await serves();
  }

  /** A3, A6, B2 and C6: what records say of tablets that are no more, of the primary, and of controls. */
  it("records of dead tablets, of the primary and of controls are repaired by what is printed", async () => {
    lab = await Lab.up({ version: "24" });
    await reshardCluster(lab, { workflow: null, targets: {} });
    for (const [uid, shard] of [
      [101, "0"],
      [102, "0"],
      [120, "80-"],
    ] as const)
      await lab.tablet(uid, "customer", shard);
    const doctor = new Doctor(lab);
    const others = (document: ScanDocument): readonly string[] =>
      ids(document).filter((id) => MISRECORDED.some((rule) => id.startsWith(rule)));
    for (const uid of [102, 120]) await lab.stop(`vttablet-${uid}`, "SIGKILL");
    await lab.etcdctl(GLOBAL_ETCD, "del", "/vitess/global/keyspaces/customer/shards/80-/Shard");
    for (const disable of [true, false])
      await lab.ctl("SetShardTabletControl", `--disable-query-service=${disable}`, "customer/0", "rdonly");
    const named = await namesPrimary(SHARD, 101);
    // Its own term is in it, so the primary leaves it as it is (docs/vitess.md#shard-sync).
    const found = await doctor.scan();
    expect(others(found)).toEqual([
      "shard-primary-alias-mismatch@customer/0",
      "tablet-record-dead-address@zone1-0000000102",
      "tablet-record-dead-address@zone1-0000000120",
      "tablet-record-shard-missing@zone1-0000000120",
      "tablet-controls-lingering@zone1/customer",
    ]);
    const roots = found.findings.filter(
      ({ rule, causedBy }) => MISRECORDED.includes(rule) && causedBy === null,
    );
    for (const finding of roots) await runNext(doctor, finding, { more: "--yes" });
    // What a tablet is taken off is a list without a shard now: found by itself, and repaired.
    const rest = await doctor.scan();
    expect(ids(rest)).toEqual(["srvkeyspace-orphan@zone1/customer/80-"]);
    await runNext(doctor, rest.findings[0], { more: "--yes" });
    expect(ids(await doctor.scan())).toEqual([]);
    expect(await lab.ctl("GetTablets")).not.toMatch(/zone1-0000000(102|120)/);
    expect((await lab.topologyKeys()).get(SHARD)).toEqual(named.before);
  });

  /** With the term that it has: so it names a tablet that is no primary. */
  async function namesPrimary(key: string, uid: number): Promise<{ readonly before: string | undefined }> {
    const before = (await lab.topologyKeys()).get(key);
    await rewritten(lab, key, (bytes) => {
      const record = decodeShard(bytes);
      if (record.kind === "unanswered") throw new Error(record.message);
      const primaryAlias = create(TabletAliasSchema, { cell: "zone1", uid });
      return encodeShard({ ...record.value, primaryAlias });
    });
    return { before };
  }

  ranAllOf("graph");
});
