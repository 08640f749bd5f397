import { Etcd3 } from "etcd3";
import { afterEach, describe, expect, it } from "vitest";
import { decodeTablet } from "../../src/topology/records.js";
import { Doctor, ids } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, type Ran, until, type Version } from "./lab/lab.js";
import { savedPlan } from "./lab/plans.js";
import { elect, reshardCluster, running } from "./lab/reshard.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];
const LOST = "shard-missing-live-tablets@customer/-80";

/** S12: between what was seen and what is done, the world goes on. */
describe.skipIf(labMissing() !== null)("S12, the repair meets the world", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  async function start(version: Version): Promise<Doctor> {
    lab = await Lab.up({ version });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    return new Doctor(lab);
  }

  /** What was said, in one line. */
  const words = ({ stdout, stderr }: Ran): string => `${stdout} ${stderr}`.replaceAll(/\s+/g, " ");
  const cancel = () => lab.ctl("Reshard", ...NAME, "cancel");
  const tabletKey = (uid: number) => `/vitess/zone1/tablets/zone1-0000000${uid}/Tablet`;
  const recorded = async () =>
    [...(await lab.topologyKeys()).keys()].filter((key) => key.endsWith("/Tablet"));
  const rows = (uid: number) => lab.sql(uid, "select count(*) from _vt.vreplication");

  async function etcd<T>(port: number, use: (client: Etcd3) => PromiseLike<T>): Promise<T> {
    const client = new Etcd3({ hosts: `127.0.0.1:${port}` });
    try {
      return await use(client);
    } finally {
      client.close();
    }
  }

  it("an address that another cluster's tablet has now is never called", async () => {
    const doctor = await start("19");
    await cancel();
    await lab.stop("vttablet-201", "SIGKILL");
    await lab.sql(201, "stop replica; reset replica all");
    const other = 22579;
    await lab.startEtcd(other);
    const info = Buffer.from(`\n\x0f127.0.0.1:${other}\x12\x0c/other/zone1`);
    await etcd(other, (client) => client.put("/other/global/cells/zone1/CellInfo").value(info));
    await lab.startVttablet(201, {
      "topo-global-server-address": `127.0.0.1:${other}`,
      "topo-global-root": "/other/global",
      "init-keyspace": "billing",
      "init-shard": "0",
    });
    const owned = async () => JSON.stringify([...(await lab.topologyKeys(other))]);
    await until("the other cluster's record", 30_000, async () => (await owned()).includes("/Tablet"));
    const before = [await owned(), await lab.sql(201, "select @@global.gtid_executed")];

    const fixed = await doctor.write("fix", LOST, "--yes");
    expect(words(fixed)).toMatch(
      /zone1-0000000201 of customer\/-80 does not answer \(at 127\.0\.0\.1:16201 runs zone1-0000000201 of billing\/0 now/,
    );
    expect([await owned(), await lab.sql(201, "select @@global.gtid_executed")]).toEqual(before);
    expect(lab.alive("vttablet-201")).toBe(true);
    expect(await recorded()).not.toContain(tabletKey(201));
    expect(await rows(200), "a shard that is not restored is left as it is").toBe("1");
  });

  it("two processes of one alias are named, and neither is touched", async () => {
    const doctor = await start("19");
    await lab.tablet(250, "customer", "-80", "replica", "zone1", { "tablet-path": "zone1-201" });
    const inventory = lab.file("inventory.yaml", "tablets: [{host: 127.0.0.1, grpc: 16201, http: 15201}]");
    const seen = await doctor.scan("--inventory", inventory);
    expect(ids(seen)).toContain("tablet-alias-used-twice@zone1-0000000201");

    await cancel();
    const fixed = await doctor.write("fix", LOST, "--inventory", inventory, "--yes");
    expect(words(fixed)).toMatch(
      /2 processes say that they are zone1-0000000201 \([^)]*16250[^)]*16201[^)]*\).*neither is touched/,
    );
    expect(await recorded()).not.toContain(tabletKey(201));
    for (const name of ["vttablet-201", "vttablet-250"]) expect(lab.alive(name), name).toBe(true);
    expect(await rows(200), "a shard that is not restored is left as it is").toBe("1");
    const retired = await doctor.write(
      ...["fix", LOST, "--inventory", inventory, "--orphans", "retire", "--unsupervised", "--yes"],
    );
    expect(words(retired)).toMatch(/neither is touched/);
    for (const name of ["vttablet-200", "vttablet-201", "vttablet-250"])
      expect(lab.alive(name), name).toBe(true);
  });

  it("a tablet that moved since gets a record for where it lives now", async () => {
    const doctor = await start("19");
    const old = await etcd(GLOBAL_ETCD, (client) => client.get(tabletKey(201)).buffer());
    if (old === null) throw new Error("201 has no record");
    await lab.stop("vttablet-201", "SIGKILL");
    await lab.startVttablet(201, { port: "15250", "grpc-port": "16250" });
    await until("201 to serve", 30_000, async () =>
      (await lab.ctl("GetTablets")).includes("127.0.0.1:15250"),
    );
    await etcd(GLOBAL_ETCD, (client) => client.put(tabletKey(201)).value(old));
    await cancel();

    const inventory = lab.file(
      "inventory.yaml",
      "tablets: [{host: 127.0.0.1, grpc: 16250, http: 15250, mysql: 27201}]",
    );
    const dry = await doctor.write("fix", LOST, "--inventory", inventory, "--dry-run");
    expect(dry.stdout).toMatch(/it was at 127\.0\.0\.1:16201/);
    const fixed = await doctor.write("fix", LOST, "--inventory", inventory, "--yes");
    expect(fixed.code, fixed.stderr + fixed.stdout).toBe(0);
    const bytes = await etcd(GLOBAL_ETCD, (client) => client.get(tabletKey(201)).buffer());
    expect(decodeTablet(bytes ?? Buffer.alloc(0))).toMatchObject({
      value: { hostname: "127.0.0.1", portMap: { grpc: 16250, vt: 15250 }, mysqlPort: 27201 },
    });
    await lab.ctl("PingTablet", "zone1-201");
  });

  it("tablets of vitess-operator are neither restored nor retired", async () => {
    const doctor = await start("19");
    await lab.stop("vttablet-200");
    await lab.startVttablet(200, { "init-tags": "planetscale.com/cluster:example" });
    await running(lab, [200, 300]);
    await cancel();
    const restore = await doctor.write("fix", LOST, "--yes");
    expect(words(restore)).toMatch(/planetscale\.com\/cluster=example.*change the custom resource first/);
    expect(await recorded()).not.toContain(tabletKey(200));
    expect(await rows(200), "a shard that is not restored is left as it is").toBe("1");
    const retire = await doctor.write("fix", LOST, "--orphans", "retire", "--unsupervised", "--yes");
    expect(words(retire)).toMatch(/change the custom resource first/);
    for (const uid of [200, 201]) expect(lab.alive(`vttablet-${uid}`)).toBe(true);
  });

  it("after a reparent a plan is stale, and nothing is changed", async () => {
    const doctor = await start("24");
    await lab.sql(200, "delete from _vt.vreplication");
    const plan = await savedPlan(doctor, "stream-without-row@zone1-0000000200/c2/1");
    await elect(lab, "customer", "-80", 201);
    const before = await lab.revision();
    const refused = await doctor.write("fix", "--plan", plan, "--yes");
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(/is REPLICA now, no longer PRIMARY/),
    ]);
    expect(refused.stderr).toMatch(/nothing was changed/i);
    expect(await lab.revision()).toBe(before);
  });
});
