import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { emptyFolder, operatorAt, seed, vtdoctor } from "./harness.js";

const FINDING = "shard-missing-live-tablets@customer/-80";

const clusters = (state: string): readonly string[] => readdirSync(join(state, "vtdoctor")).sort();
const runsIn = (state: string, cluster: string): readonly string[] =>
  readdirSync(join(state, "vtdoctor", cluster, "runs"));

/** An operator whose state folder lasts, at whatever working directory. */
const remembering = (cluster: SimCluster, state: string) => {
  const { type } = operatorAt(cluster);
  return (line: string, more = {}) =>
    type(line, { env: { XDG_STATE_HOME: state }, cwd: emptyFolder(), ...more });
};

describe("a run without --run-dir", () => {
  it("is found from any working directory, listed, resumed and taken back", async () => {
    const state = emptyFolder();
    const cluster = reshardingLab({ version: "24.0.4" });
    const type = remembering(cluster, state);
    const interrupt = new AbortController();
    const stopped = await type("cancel customer.c2 --yes", {
      signal: interrupt.signal,
      onNote: (line: string) => {
        if (line.includes("stream.stop-")) interrupt.abort();
      },
    });
    const [folder = ""] = clusters(state);
    const [run = ""] = runsIn(state, folder);
    expect([stopped.code, stopped.err]).toEqual([5, expect.stringMatching(new RegExp(`resume ${run}\n`))]);
    expect(statSync(join(state, "vtdoctor", folder)).mode & 0o777).toBe(0o700);

    expect((await type(`resume ${run} --yes`)).code).toBe(0);
    const undone = await type(`undo ${run} --yes`);
    expect(undone.code, undone.err + undone.out).toBe(0);
    const listed = await vtdoctor(["runs", "--format", "json"], { env: { XDG_STATE_HOME: state } });
    const { runs, runDir } = JSON.parse(listed.out);
    expect(runDir).toBe(join(state, "vtdoctor"));
    expect(runs).toMatchObject([{ run }, { of: run, operation: "undo" }]);
    expect(clusters(state)).toEqual([folder]);
    expect((await type("undo 20261125nothing --yes")).err).toContain(`${runDir} (--run-dir)`);
  });

  it("lies with its own cluster, whatever another one at the same address and with the same etcd id did", async () => {
    const state = emptyFolder();
    const [first, second] = [seed(), reshardingLab({ version: "24.0.4", startMs: Date.UTC(2026, 10, 20) })];
    expect((await remembering(first, state)(`fix ${FINDING} --yes`)).code).toBe(0);
    const cancelled = await remembering(second, state)("cancel customer.c2 --yes");
    expect(cancelled.code, cancelled.err).toBe(0);
    expect(first.topology.global.etcd.clusterId).toBe(second.topology.global.etcd.clusterId);
    expect(clusters(state)).toHaveLength(2);
    // Its records have changed since: still the same.
    const again = await remembering(first, state)("fix shard-missing-live-tablets@customer/80- --yes");
    expect([again.code, clusters(state).length]).toEqual([0, 2]);
    const { runs } = JSON.parse(
      (await vtdoctor(["runs", "--format", "json"], { env: { XDG_STATE_HOME: state } })).out,
    );
    expect(runs.map(({ operation }: { operation: string }) => operation).sort()).toEqual([
      "cancel",
      "fix",
      "fix",
    ]);
  });
});

describe("where it is", () => {
  const where = async (env: NodeJS.ProcessEnv, isRoot = false) => {
    const said = await vtdoctor(["runs", "--format", "json"], {
      env: { XDG_STATE_HOME: undefined, ...env },
      isRoot,
    });
    return said.code === 0 ? JSON.parse(said.out).runDir : [said.code, JSON.parse(said.out).exit.reasons[0]];
  };

  it("by the environment, root's with the machine's", async () => {
    const home = emptyFolder();
    expect(await where({ HOME: home })).toBe(join(home, ".local/state/vtdoctor"));
    expect(await where({ HOME: home, XDG_STATE_HOME: "relative" })).toBe(join(home, ".local/state/vtdoctor"));
    expect(await where({ HOME: home, XDG_STATE_HOME: join(home, "s") }, true)).toBe(
      join(home, "s", "vtdoctor"),
    );
    expect(await where({ HOME: home }, true)).toBe("/var/lib/vtdoctor");
  });

  it("nowhere without HOME: said, and what to give instead", async () => {
    expect(await where({})).toEqual([2, expect.stringMatching(/neither HOME nor XDG_STATE_HOME.*--run-dir/)]);
  });
});

describe("a state folder that can not be written", () => {
  const places: readonly [string, () => NodeJS.ProcessEnv][] = [
    ["no HOME", () => ({ XDG_STATE_HOME: undefined })],
    [
      "a file in its place",
      () => {
        const state = emptyFolder();
        writeFileSync(join(state, "vtdoctor"), "");
        return { XDG_STATE_HOME: state };
      },
    ],
  ];

  it.each(places)(
    "refuses what writes, before anything is changed, and names --run-dir: %s",
    async (_, env) => {
      const cluster = seed();
      const { etcd } = cluster.topology.global;
      const { type, write } = operatorAt(cluster);
      const before = etcd.revision;
      const said = await type(`fix ${FINDING} --yes`, { env: env() });
      expect([said.code, said.err]).toEqual([2, expect.stringMatching(/state folder.*--run-dir FOLDER/)]);
      expect(etcd.revision).toBe(before);
      expect((await type(`fix ${FINDING} --dry-run`, { env: env() })).code).toBe(1);
      expect((await write(`fix ${FINDING} --yes`, { env: env() })).code).toBe(0);
    },
  );
});
