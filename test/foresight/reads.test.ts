import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RefusedError } from "../../src/cluster/errors.js";
import { foreseenPlan } from "../../src/plan/assemble.js";
import type { Plan } from "../../src/plan/plan.js";
import type { Step } from "../../src/plan/steps/index.js";
import { RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { createKeyspace } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsSeen, judgedAt } from "../crash/scene.js";
import { cancelOf } from "../plan/planned.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";

/** MoveTables c2 copies customer from customer to moved, and both have replicas that serve. */
function moving(rowsPerSecond?: number): SimCluster {
  const pace = rowsPerSecond === undefined ? {} : { copyRowsPerSecond: rowsPerSecond };
  const cluster = labCluster({ version: "24.0.4", rows: 20, ...pace });
  cluster.run(createKeyspace(cluster, "moved"));
  const started = [
    [101, "customer"],
    [400, "moved"],
    [401, "moved"],
  ] as const;
  for (const [uid, keyspace] of started) {
    const tablet = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace, shard: "0" });
    cluster.run(startTablet(cluster, tablet));
    if (uid === 400) cluster.run(plannedReparent(cluster, tablet));
  }
  const workflow = { keyspace: "moved", workflow: "c2", sourceKeyspace: "customer", cell: "zone1" };
  cluster.run(moveTablesCreate(cluster, { ...workflow, tables: ["customer"] }));
  cluster.clock.advance(5_000);
  return cluster;
}

/** What is foreseen of a plan that leads the reads of customer to moved; the words of its refusal. */
async function readsLed(cluster: SimCluster): Promise<Plan | string> {
  const facts = await factsSeen(cluster);
  const row = facts.topo_key.find(({ key }) => key.endsWith("/RoutingRules"));
  if (row === undefined) throw new Error("there are no RoutingRules");
  const rules = ["customer", "customer.customer", "moved.customer"].flatMap((from) => [
    { fromTable: from, toTables: ["customer.customer"] },
    ...["@replica", "@rdonly"].map((type) => ({ fromTable: `${from}${type}`, toTables: ["moved.customer"] })),
  ]);
  const after = toBinary(RoutingRulesSchema, create(RoutingRulesSchema, { rules }));
  const steps = [
    {
      ...({
        kind: "record.write",
        record: { kind: "routing-rules" },
        server: row.server,
        key: row.key,
      } as const),
      ...{ modRevision: row.mod_revision, before: base64(row.value), after: base64(after) },
    },
    { kind: "srvvschema.rebuild", cells: ["zone1"] },
  ].map((step, at) => ({ id: `0${at}-${step.kind}`, class: "safe", destroys: "nothing", ...step }) as Step);
  const cancel = cancelOf(facts, { keyspace: "moved", workflow: "c2" });
  const snapshot = Snapshot.of(facts);
  try {
    const plan = { ...cancel, stages: [{ title: "leads reads away", locks: [], steps }] };
    return foreseenPlan(snapshot, plan, judgedAt(cluster.clock.now()));
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  } finally {
    snapshot.close();
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

test("reads may be led to a copy that has ended and is fed: told, and with consent", async () => {
  const plan = await readsLed(moving());
  if (typeof plan === "string") throw new Error(plan);
  expect(plan.foreseen?.elsewhere.join("\n")).toMatch(
    /customer.* \(REPLICA, zone1\): customer\/0 -> moved\/0/,
  );
  expect(plan.stages[0]?.steps.map(({ kind, class: consent }) => [kind, consent])).toEqual([
    ["record.write", "safe"],
    ["srvvschema.rebuild", "confirm"],
  ]);
});

test("they are not led to a copy that has not ended", async () => {
  expect(await readsLed(moving(1e-6))).toMatch(
    /which lead to customer\/0 now, would lead to moved\/0, which is not proven to have its rows: stream \d+ of c2 on zone1-0000000400 has not ended its copy/,
  );
});

test("nor to one that nothing feeds", async () => {
  const cluster = moving();
  cluster
    .tablet("zone1-0000000400")
    .engine.exec("update _vt.vreplication set state='Stopped' where workflow='c2'");
  cluster.clock.advance(5_000);
  expect(await readsLed(cluster)).toMatch(
    /no running stream copies customer to moved\/0 from where it is served now/,
  );
});
