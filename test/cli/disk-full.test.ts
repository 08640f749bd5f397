import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { moving } from "../crash/scene.js";
import { operatorAt } from "./harness.js";

/** How many of the next writes find half of their space. */
const disk = vi.hoisted(() => ({ full: 0 }));
beforeEach(() => {
  disk.full = 0;
});

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeFileSync: typeof fs.writeFileSync = (file, data, options) => {
    if (disk.full === 0) return fs.writeFileSync(file, data, options);
    disk.full -= 1;
    const bytes = Buffer.from(data as string | Buffer);
    fs.writeFileSync(file, bytes.subarray(0, bytes.length / 2), options);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  return { ...fs, writeFileSync };
});

it.each([
  ["for good", Number.POSITIVE_INFINITY],
  ["for one write", 1],
  ["for two writes", 2],
])("a disk that is full %s stops the run, which goes on from there", async (_, writes) => {
  const cluster = moving.build();
  const { folder, write } = operatorAt(cluster);
  const refresh = cluster.writer.refreshState.bind(cluster.writer);
  cluster.writer.refreshState = async (at) => {
    disk.full = writes;
    cluster.writer.refreshState = refresh;
    return refresh(at);
  };
  const said = await write("cancel moved.c2 --yes");
  expect([said.code, said.err]).toEqual([5, expect.stringContaining("no space left on device")]);
  expect(said.err).toMatch(/is the disk full\?/);
  disk.full = 0;
  const [run = ""] = readdirSync(join(folder, "runs"));
  const resumed = await write(`resume ${run} --yes`);
  expect(resumed.code, resumed.err).toBe(0);
});

it("a disk that is full before anything was begun changes nothing, and the command can be typed again", async () => {
  const cluster = moving.build();
  const { write } = operatorAt(cluster);
  const { revision } = cluster.topology.global.etcd;
  disk.full = Number.POSITIVE_INFINITY;
  const said = await write("cancel moved.c2 --yes");
  expect([said.code, said.err]).toEqual([2, expect.stringContaining("no space left on device")]);
  expect(cluster.topology.global.etcd.revision).toBe(revision);
  disk.full = 0;
  expect((await write("cancel moved.c2 --yes")).code).toBe(0);
});
