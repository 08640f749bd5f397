import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { operatorAt, seed } from "./harness.js";

const KEY = "/vitess/global/keyspaces/customer/shards/0/Shard";

it("a stale plan is refused before there is a run of it, with the command that made it, each time that it is given", async () => {
  const cluster = seed();
  const { etcd } = cluster.topology.global;
  const { folder, write } = operatorAt(cluster);
  const plan = join(folder, "plan.json");
  const made = `fix --all --dry-run --out ${plan}`;
  await write(made);
  const value = etcd.range(KEY)[0]?.value;
  if (value === undefined) throw new Error(`no ${KEY}`);
  etcd.txn([], [{ kind: "put", key: KEY, value }]);
  const { revision } = etcd;
  for (let time = 1; time <= 2; time++) {
    const said = await write(`fix --plan ${plan} --yes`);
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(
        /\nvtdoctor: plan \w+ is stale: .*Shard .*; make a new one with `vtdoctor fix --all --dry-run --out .*`; nothing was changed\n$/,
      ),
    ]);
    expect(existsSync(join(folder, "runs"))).toBe(false);
  }
  expect(etcd.revision).toBe(revision);
});

it("a plan that is too old too", async () => {
  const cluster = seed();
  const { folder, write } = operatorAt(cluster);
  const plan = join(folder, "plan.json");
  await write(`fix --all --dry-run --out ${plan}`);
  cluster.clock.advance(25 * 3_600_000);
  const said = await write(`fix --plan ${plan} --yes`);
  expect([said.code, said.err]).toEqual([
    4,
    expect.stringMatching(/expired at .*make a new one with `vtdoctor fix --all/),
  ]);
  expect(existsSync(join(folder, "runs"))).toBe(false);
});
