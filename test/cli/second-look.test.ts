import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { KeyspaceSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { moving } from "../crash/scene.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { switchAll } from "../sim/native/switch-traffic.js";
import { compacted, inventoryIn } from "./compacted.js";
import { emptyFolder, operatorAt, type Said, vtdoctor } from "./harness.js";

const FINDING = "shard-missing-live-tablets@customer/-80";

/** An operator whose state lasts, with the tablets' addresses; `waited`: what a command let pass, in seconds. */
function watching(cluster: SimCluster, state = emptyFolder()) {
  const { type, folder } = operatorAt(cluster);
  const inventory = inventoryIn(folder);
  const said = async (line: string, env: NodeJS.ProcessEnv = { XDG_STATE_HOME: state }) => {
    const from = cluster.clock.now();
    const answer = await type(`${line} --inventory ${inventory}`, { env });
    return { ...answer, waited: (cluster.clock.now() - from) / 1000 };
  };
  return { said, folder };
}

const stateOf = ({ out }: Said, id = FINDING): string | undefined =>
  JSON.parse(out).findings.find((each: { id: string }) => each.id === id)?.state;

describe("scan", () => {
  it("looks at a healthy cluster once", async () => {
    const { said } = watching(reshardingLab({ version: "19.0.10" }));
    const scan = await said("scan");
    expect([scan.code, scan.waited < 5, scan.err]).toEqual([0, true, ""]);
  });

  it("looks again after 30 s at what it suspects, and so is sure", async () => {
    const { said, folder } = watching(compacted());
    const file = join(folder, "seen.sqlite");
    const scan = await said(`scan --format json --save-snapshot ${file}`);
    expect([scan.code, stateOf(scan), scan.waited >= 30 && scan.waited < 35]).toEqual([1, "confirmed", true]);
    const again = await vtdoctor(["scan", "--snapshot", file, "--format", "json"]);
    expect(JSON.parse(again.out).findings).toEqual(JSON.parse(scan.out).findings);
  });

  it("forgets a moment that passed meanwhile", async () => {
    const cluster = compacted();
    for (const uid of [200, 201, 300])
      cluster.clock.at(cluster.clock.now() + 10_000, () => cluster.tablet(`zone1-0000000${uid}`).kill());
    const scan = await watching(cluster).said("scan --format json");
    expect([stateOf(scan), scan.waited >= 30]).toEqual([undefined, true]);
  });

  it("looks at what does not reach --fail-on once", async () => {
    const scan = await watching(compacted()).said("scan --fail-on never --format json");
    expect([scan.code, stateOf(scan), scan.waited < 5]).toEqual([0, "suspected", true]);
  });

  it("with --settle 0 looks once, and never says 0 over what may be critical", async () => {
    const { said } = watching(compacted());
    const scan = await said("scan --settle 0 --format json");
    expect([scan.code, stateOf(scan), scan.waited < 5]).toEqual([3, "suspected", true]);
    expect(JSON.parse(scan.out).exit).toMatchObject({
      name: "incomplete",
      reasons: expect.arrayContaining([expect.stringContaining(`${FINDING} is suspected`)]),
    });
    const plugin = await said("scan --settle 0 --format nagios");
    expect([plugin.code, plugin.out]).toEqual([3, expect.stringContaining("VTDOCTOR UNKNOWN")]);
  });
});

const DOUBT = "interrupted-write-switch@customer/0";

/** A switch whose vtctld was killed a quarter of an hour ago, by its lease; its own clock said that it is yet to begin. */
function doubtful(): SimCluster {
  const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
  const operation = switchAll(cluster, { keyspace: "customer", workflow: "c2" });
  for (let step = operation.next(); !step.done && !step.value.includes("caught up"); step = operation.next());
  cluster.clock.advance(1_000_000);
  const { etcd } = cluster.topology.global;
  const [lock] = etcd.range("/vitess/global/internal/named_locks/");
  if (lock === undefined) throw new Error("there is no named lock");
  const text = Buffer.from(lock.value).toString();
  const ahead = new Date(cluster.clock.now() - 10_000).toISOString().replace(/\.\d+Z$/, "Z");
  etcd.put(lock.key, Buffer.from(text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, ahead)), lock.lease);
  return cluster;
}

describe("the last scan of a cluster", () => {
  const DENIED = "keep-data-denial-residue@moved/0";

  const after = async (seconds: number) => {
    const cluster = moving.build();
    const kept = { keepData: true, keepRoutingRules: true };
    cluster.run(moveTablesCancel(cluster, { keyspace: "moved", workflow: "c2", ...kept }));
    const { said } = watching(cluster);
    expect(stateOf(await said("scan --settle 0 --format json"), DENIED)).toBe("suspected");
    cluster.clock.advance(seconds * 1000);
    const scan = await said("scan --format json");
    return [stateOf(scan, DENIED), scan.waited >= 30];
  };

  it.each([
    ["40 s", 40, ["confirmed", false]],
    ["20 s", 20, ["confirmed", true]],
    ["59 min", 3540, ["confirmed", false]],
    ["61 min", 3660, ["confirmed", true]],
  ])("of %s ago is the first look, if it is 30 s to 1 h old", async (_, seconds, expected) => {
    expect(await after(seconds)).toEqual(expected);
  });

  it("of another cluster says nothing, though its etcd has the same id", async () => {
    const state = emptyFolder();
    const [one, other] = [
      compacted(),
      reshardingLab({ version: "19.0.10", startMs: Date.UTC(2026, 10, 20) }),
    ];
    expect(one.topology.global.etcd.clusterId).toBe(other.topology.global.etcd.clusterId);
    await watching(one, state).said("scan --settle 0");
    await watching(other, state).said("scan");
    one.clock.advance(40_000);
    expect((await watching(one, state).said("scan")).waited).toBeLessThan(5);
  });

  it("is no first look of a repair, which looks itself", async () => {
    const cluster = compacted();
    const { said } = watching(cluster);
    await said("scan --settle 0");
    cluster.clock.advance(40_000);
    const fix = await said(`fix ${FINDING} --orphans restore --dry-run`);
    expect([fix.code, fix.waited >= 30]).toEqual([1, true]);
  });

  it("lets explain say what scan said, at once", async () => {
    const { said } = watching(compacted());
    await said("scan");
    const explained = await said(`explain ${FINDING} --format json`);
    expect([JSON.parse(explained.out).state, explained.waited < 5]).toEqual(["confirmed", true]);
  });

  it("that can not be kept is a line on stderr, and no failure", async () => {
    const { said, folder } = watching(reshardingLab({ version: "19.0.10" }));
    writeFileSync(join(folder, "file"), "");
    for (const env of [{ XDG_STATE_HOME: undefined }, { XDG_STATE_HOME: join(folder, "file") }]) {
      const scan = await said("scan --format json", env);
      expect([scan.code, scan.err]).toEqual([0, expect.stringMatching(/^this scan is not kept.*\n$/)]);
      expect(JSON.parse(scan.out).findings).toEqual([]);
    }
    expect(existsSync(join(folder, "file", "vtdoctor"))).toBe(false);
  });

  it("lets a doubt that two looks did not take away be told at once, and never with exit 0", async () => {
    const cluster = doubtful();
    const { said } = watching(cluster);
    const scans: unknown[] = [];
    for (let minute = 0; minute < 4; minute += 1) {
      const scan = await said("scan --format json");
      scans.push([scan.code, stateOf(scan, DOUBT), scan.waited >= 30]);
      cluster.clock.advance(60_000);
    }
    const atOnce = [3, "suspected", false];
    expect(scans).toEqual([[3, "suspected", true], atOnce, atOnce, atOnce]);
    cluster.clock.advance(3_600_000);
    expect((await said("scan")).waited).toBeGreaterThan(29);
  });

  it("does not keep a new suspicion beside an old doubt from a second look", async () => {
    const cluster = doubtful();
    const { said } = watching(cluster);
    await said("scan");
    cluster.clock.advance(60_000);
    const vschema = cluster.topology.vschema("customer");
    vschema.put(create(KeyspaceSchema, { sharded: true, requireExplicitRouting: true }));
    const scan = await said("scan --format json");
    expect([stateOf(scan, "srvvschema-stale@zone1"), scan.waited >= 30]).toEqual(["confirmed", true]);
  });

  it("remembers since when something lasts over more than one hour of scans", async () => {
    const cluster = doubtful();
    const { said } = watching(cluster);
    await said("scan");
    const first = cluster.clock.now();
    for (let scans = 0; scans < 3; scans += 1) {
      cluster.clock.advance(3_000_000);
      await said("scan");
    }
    const { findings } = JSON.parse((await said("scan --format json")).out);
    const seen = findings.find((each: { id: string }) => each.id === DOUBT).firstSeen;
    expect(Math.abs(first - seen)).toBeLessThan(40_000);
  });
});
