import fs, { existsSync, readdirSync, readFileSync, type writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { moving } from "../crash/scene.js";
import { operatorAt } from "./harness.js";

/** How many of the next writes find half of their space. */
const disk = { full: 0, unless: (): boolean => false };
const { writeFileSync: writeWhole } = fs;

const writeHalf: typeof writeFileSync = (file, data, options) => {
  if (disk.full === 0 || disk.unless()) return writeWhole(file, data, options);
  disk.full -= 1;
  const bytes = Buffer.from(data as string | Buffer);
  writeWhole(file, bytes.subarray(0, bytes.length / 2), options);
  throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
};

/** Node's own module for all who import it, as a real disk is everybody's: put back after each test. */
const writeBy = (by: typeof writeFileSync): void => {
  Object.assign(fs, { writeFileSync: by });
  syncBuiltinESMExports();
};

beforeEach(() => {
  disk.full = 0;
  disk.unless = () => false;
  writeBy(writeHalf);
});
afterEach(() => writeBy(writeWhole));

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

it("a disk that fills up between the intent and the result of a step has room for the result, and no further step is begun", async () => {
  const cluster = moving.build();
  const { folder, write } = operatorAt(cluster);
  const refresh = cluster.writer.refreshState.bind(cluster.writer);
  const reserve = (): string => join(folder, "runs", readdirSync(join(folder, "runs"))[0] ?? "", "reserve");
  cluster.writer.refreshState = async (at) => {
    // Full, but for what the run has set aside.
    disk.full = Number.POSITIVE_INFINITY;
    disk.unless = () => !existsSync(reserve());
    cluster.writer.refreshState = refresh;
    return refresh(at);
  };
  const said = await write("cancel moved.c2 --yes");
  expect([said.code, said.err]).toEqual([
    5,
    expect.stringMatching(/no space left on device.*is the disk full\?/),
  ]);
  const journal = readFileSync(join(reserve(), "..", "journal.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line): { readonly kind: string; readonly step?: string } => JSON.parse(line));
  const of = (kind: string) => journal.flatMap((record) => (record.kind === kind ? [record.step] : []));
  expect(of("result")).toEqual(expect.arrayContaining(of("intent")));
  expect(of("intent").at(-1)).toMatch(/tablet\.refresh/);
  disk.full = 0;
  const [run = ""] = readdirSync(join(folder, "runs"));
  expect((await write(`resume ${run} --yes`)).code).toBe(0);
});
