import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { claimFolder } from "../../src/apply/runs/folder-owner.js";
import { ownerOf } from "../../src/cli/owner.js";
import { moving } from "../crash/scene.js";
import { contextOf, emptyFolder, operatorAt } from "./harness.js";

const TARGET = "zone1-0000000400";

it("a saved undo takes nothing from the run that is alive", async () => {
  const cluster = moving.build();
  const { folder, write } = operatorAt(cluster);
  const plan = join(folder, "undo.json");
  const real = cluster.writer.refreshState.bind(cluster.writer);
  const said: string[] = [];
  cluster.writer.refreshState = async (at) => {
    cluster.writer.refreshState = real;
    const [run = ""] = readdirSync(join(folder, "runs"));
    await write(`undo ${run} --dry-run --out ${plan}`);
    const before = JSON.stringify(
      cluster.topology.global.etcd.range("/vitess/global/keyspaces/moved/locks/"),
    );
    const undone = await write(`fix --plan ${plan} --yes`);
    said.push(`${undone.code} ${undone.err.trim().split("\n").at(-1)}`);
    expect(JSON.stringify(cluster.topology.global.etcd.range("/vitess/global/keyspaces/moved/locks/"))).toBe(
      before,
    );
    return real(at);
  };
  const cancel = await write("cancel moved.c2 --yes");
  expect(said).toEqual([expect.stringMatching(/^4 .*is being executed by process/)]);
  expect(cancel.code, cancel.err).toBe(0);
  const undone = await write(`fix --plan ${plan} --yes`);
  expect(undone.code, undone.err).not.toBe(5);
  expect(cluster.tablet(TARGET).mysql.data.databases.size).toBeGreaterThan(0);
});

it.runIf(process.platform === "linux")(
  "a process of another pid namespace has a pid that means nothing here",
  () => {
    const folder = emptyFolder();
    const { context } = contextOf({});
    const owner = ownerOf({ context } as Parameters<typeof ownerOf>[0]);
    expect(owner.place).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
    expect(owner.began).toMatch(/^\d+$/);
    const release = claimFolder(folder, owner);
    expect(() => claimFolder(folder, owner)).toThrow(/being executed by process/);
    expect(() => claimFolder(folder, { ...owner, place: "another" })).toThrow(/another container/);
    expect(owner.hasOnDisk("/proc/self")).toBe(false);
    release();
    // The pid came again, as another process.
    const stale = { pid: owner.pid, hostName: owner.hostName, place: owner.place, began: "1" };
    writeFileSync(join(folder, "executor.lock"), JSON.stringify(stale));
    claimFolder(folder, owner)();
  },
);
