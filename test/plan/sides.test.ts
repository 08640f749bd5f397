import { join } from "node:path";
import { expect, test } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { updateStreams } from "../../src/sim/native/workflow.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { emptyFolder, operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";
import { closed, contradicting, deny, denying, turn } from "../crash/sides-scenes.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";
import { silentOn } from "./change.js";
import { findingsOf, fixOf, kinds } from "./planned.js";

const CLOSED = "denied-tables-both-sides@moved/c2";
const ODD = "routing-rules-inconsistent@moved/c2";
const fix = async (cluster: SimCluster, id: string, keyspace = "customer") => {
  const said = await operatorAt(cluster).write(`fix ${id} --settle 31s --yes --confirm ${keyspace}`);
  return [said.code, said.err];
};

function switched(): SimCluster {
  const cluster = moving.build();
  cluster.run(moveTablesSwitch(cluster, "moved", "c2"));
  cluster.clock.advance(60_000);
  return cluster;
}

test("both sides deny: the source takes queries again where no journal says that writes moved", async () => {
  const cluster = closed.build();
  expect(await fix(cluster, CLOSED)).toEqual([0, expect.any(String)]);
  expect(denying(cluster)).toEqual(["moved"]);
});

test("so does the target where writes were switched", async () => {
  const cluster = switched();
  deny(cluster, "moved", "customer");
  expect(await fix(cluster, CLOSED, "moved")).toEqual([0, expect.any(String)]);
  expect(denying(cluster)).toEqual(["customer"]);
});

test("neither where a rule leads to the other side", async () => {
  const cluster = closed.build();
  turn(cluster, { "moved.customer": "moved.customer" });
  expect(await fix(cluster, CLOSED)).toEqual([4, expect.stringContaining("leads to moved, the other side")]);
  expect(denying(cluster)).toEqual(["customer", "moved"]);
});

test("nor where a rule says that writes are switched, and its streams say that they are not", async () => {
  const cluster = closed.build();
  turn(cluster, { customer: "moved.customer" });
  expect(await fix(cluster, CLOSED)).toEqual([4, expect.stringContaining("is not proven: it is switched")]);
  expect(denying(cluster)).toEqual(["customer", "moved"]);
});

test("nor where a stream writes there", async () => {
  const fed = switched();
  deny(fed, "moved", "customer");
  updateStreams(fed.tablet("zone1-0000000400"), "c2", "state='Running'");
  expect(await fix(fed, CLOSED)).toEqual([4, expect.stringContaining("writes these tables")]);
  expect(denying(fed)).toEqual(["customer", "moved"]);
});

test("nor the target's where it did not say whether a way back wrote its journal", async () => {
  const cluster = switched();
  deny(cluster, "moved", "customer");
  const file = join(emptyFolder(), "seen.sqlite");
  await operatorAt(cluster).type(`scan --settle 31s --all-tables --save-snapshot ${file}`);
  const seen = Snapshot.open(file);
  const facts = seen.facts();
  seen.close();
  const [wanted, findings] = [{ findings: [CLOSED] }, findingsOf(facts)];
  expect(kinds(fixOf(facts, wanted, findings))).toContain("record.write shard");
  const plan = fixOf(silentOn(facts, "zone1-0000000400", "journals"), wanted, findings);
  expect(plan.stages).toEqual([]);
  expect(plan.blocked).toMatchObject([
    { reason: "the primary of moved/0 did not say which journals it has" },
  ]);
});

test("rules that lead to the other side than the rest lead to the same", async () => {
  const cluster = contradicting.build();
  expect(await fix(cluster, ODD)).toEqual([0, expect.any(String)]);
  expect(contradicting.left(cluster)).toEqual([]);
});

test("one that leads back after the switch leads to the target again", async () => {
  const cluster = switched();
  turn(cluster, { "customer.customer": "customer.customer" });
  expect(await fix(cluster, ODD)).toEqual([0, expect.any(String)]);
});

test("one whose clients wrote to the other side, which does not deny it, stays: what they wrote is not where it would lead", async () => {
  const cluster = moving.build();
  deny(cluster, "moved", "later");
  turn(cluster, { "moved.customer": "moved.customer" });
  expect(await fix(cluster, ODD)).toEqual([4, expect.stringContaining("takes its writes")]);
  expect(contradicting.left(cluster)).toEqual(["moved.customer"]);
});
