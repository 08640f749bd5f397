import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readPlan, writePlan } from "../../src/apply/runs/plan-file.js";
import { RefusedError, UsageError } from "../../src/cluster/errors.js";
import { refuseForeign } from "../../src/plan/facts/cluster.js";
import type { ClusterMark, PlanCluster } from "../../src/plan/plan.js";
import { cancelOf, fixOf } from "./planned.js";
import { recorded } from "./recorded.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vtdoctor-plan-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, "plan.json");

describe("a plan in a file", () => {
  test.each([
    ["fix", fixOf(recorded("v19-cancelled"))],
    ["fix that is blocked", fixOf(recorded("deleted-by-person-v24"))],
    ["cancel of a Reshard", cancelOf(recorded("healthy-reshard-copying-v24"), { workflow: "c3" })],
    ["cancel that drops", cancelOf(recorded("healthy-reshard-running-v24"), { purge: true })],
    [
      "cancel of MoveTables",
      cancelOf(recorded("healthy-movetables-created-v24"), { keyspace: "moved", workflow: "m1" }),
    ],
  ])("%s: comes back as it was", (_, plan) => {
    writePlan(file(), plan);
    expect(readPlan(file())).toEqual(plan);
  });

  test("is whole, alone and its owner's", () => {
    writePlan(file(), fixOf(recorded("v19-cancelled")));
    expect(readdirSync(folder)).toEqual(["plan.json"]);
    expect(statSync(file()).mode & 0o077).toBe(0);
  });

  test("a folder that is not there", () => {
    expect(() => writePlan(join(folder, "no", "plan.json"), fixOf(recorded("v19-cancelled")))).toThrow(
      UsageError,
    );
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ["cut off", (text) => text.slice(0, 900), /is not JSON, or was cut off/],
    ["something else", () => '{"findings":[]}', /is not a plan of vtdoctor/],
    [
      "of a newer vtdoctor",
      (text) => text.replace('"schema": 1', '"schema": 2'),
      /has schema 2, and this vtdoctor knows 1/,
    ],
    [
      "with a step that nobody knows",
      (text) => text.replace('"kind": "stream.stop"', '"kind": "stream.shoot"'),
      /^the plan \S+ has a step of kind stream\.shoot, which this vtdoctor does not know: make a new one, or execute it with the vtdoctor that made it$/,
    ],
    ["with a misspelt field", (text) => text.replace('"settleMs"', '"setleMs"'), /damaged: .*steps\/2/],
    [
      "with a step of an earlier vtdoctor",
      (text) => text.replace('"kind": "stream.stop"', '"kind": "denial.lift"'),
      /a step of kind denial\.lift, which this vtdoctor does not know/,
    ],
    [
      "with a path for an id",
      (text) => text.replace('"id": "r1"', '"id": "../r1"'),
      /damaged: \/id must match/,
    ],
  ])("%s", (_, change, message) => {
    writePlan(file(), fixOf(recorded("v19-cancelled")));
    writeFileSync(file(), change(readFileSync(file(), "utf8")));
    expect(() => readPlan(file())).toThrow(message);
    expect(() => readPlan(file())).toThrow(UsageError);
  });

  test("one that is not there", () => {
    expect(() => readPlan(file())).toThrow(/can not be read: ENOENT/);
  });
});

describe("a plan from another cluster", () => {
  const plan = fixOf(recorded("v19-cancelled"));
  const { cluster } = plan;
  const withMarks = (change: (mark: ClusterMark) => ClusterMark): PlanCluster => ({
    ...cluster,
    marks: cluster.marks.map(change),
  });

  test("its own cluster is fine, also where an etcd does not say its id now", () => {
    refuseForeign(plan, cluster);
    refuseForeign(plan, { ...cluster, clusterIds: {} });
  });

  test.each([
    ["another root", { ...cluster, globalRoot: "/other" }, /global root \/vitess\/global, not for \/other/],
    [
      "another etcd at the address",
      { ...cluster, clusterIds: { "127.0.0.1:2379": "9" } },
      /etcd cluster 1, and 127.0.0.1:2379 is 9/,
    ],
    [
      "a cell elsewhere",
      { ...cluster, roots: cluster.roots.filter((root) => root.name !== "zone1") },
      /cell zone1 is at/,
    ],
    [
      "a look-alike that shares the cluster id: its keys were created at other revisions",
      withMarks((mark) => ({ ...mark, createRevision: mark.createRevision + 1 })),
      /another cluster than the one at 127.0.0.1:2379, by .*, though both are etcd cluster 1/,
    ],
    [
      "a look-alike that was set up in the same order: its records hold other bytes",
      withMarks((mark) => (mark.key.endsWith("/Shard") ? { ...mark, sha256: "0".repeat(64) } : mark)),
      /another cluster .*customer\/shards\/.*\/Shard/,
    ],
    [
      "a look-alike that has none of its keys",
      withMarks((mark) => ({ ...mark, key: `${mark.key}2` })),
      /another cluster/,
    ],
    [
      "an older copy of the same etcd",
      withMarks((mark) => ({ ...mark, modRevision: mark.modRevision - 1 })),
      /another cluster/,
    ],
  ])("%s", (_, other, message) => {
    expect(() => refuseForeign(plan, other)).toThrow(message);
    expect(() => refuseForeign(plan, other)).toThrow(RefusedError);
  });

  test("its own cluster is known again after records were written, and after some were deleted", () => {
    refuseForeign(
      plan,
      withMarks((mark) => ({ ...mark, modRevision: mark.modRevision + 9, sha256: "1".repeat(64) })),
    );
    refuseForeign(plan, { ...cluster, marks: cluster.marks.slice(1) });
  });

  test("it is bound to the servers of its roots, not to every name by which tablets know one", () => {
    const facts = recorded("v19-cancelled");
    const [server] = facts.topo_server;
    if (server === undefined) throw new Error("no server");
    const spelled = { ...server, server: "etcd.svc:2379" };
    const { cluster: bound } = fixOf({ ...facts, topo_server: [...facts.topo_server, spelled] });
    expect(Object.keys(bound.clusterIds)).toEqual(["127.0.0.1:2379"]);
    expect(new Set(bound.marks.map((mark) => mark.server))).toEqual(new Set(["127.0.0.1:2379"]));
  });
});

test("a cell's own etcd is known by its Tablet records", () => {
  const facts = recorded("v19-cancelled");
  const [server] = facts.topo_server;
  if (server === undefined) throw new Error("no server");
  const own = { server: "cell:2379" };
  const inCell = <T extends { readonly key: string }>(row: T): T =>
    row.key.startsWith("/vitess/zone1/") ? { ...row, ...own } : row;
  const { cluster } = fixOf({
    ...facts,
    topo_server: [...facts.topo_server, { ...server, ...own }],
    topo_root: facts.topo_root.map((row) => (row.name === "zone1" ? { ...row, ...own } : row)),
    topo_key: facts.topo_key.map(inCell),
  });
  const keys = (at: string) => cluster.marks.filter((mark) => mark.server === at).map(({ key }) => key);
  expect(keys(own.server)).toEqual(["/vitess/zone1/tablets/zone1-0000000100/Tablet"]);
  expect(keys(server.server)).toEqual([
    "/vitess/global/cells/zone1/CellInfo",
    "/vitess/global/keyspaces/customer/Keyspace",
    "/vitess/global/keyspaces/customer/shards/0/Shard",
  ]);
});
