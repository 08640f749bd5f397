import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import { describeStep } from "../../src/plan/steps/index.js";
import { planUndo } from "../../src/plan/undo.js";
import { RoutingRuleSchema, RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster } from "../../src/sim/lab.js";
import { encodeRoutingRules } from "../../src/topology/records.js";
import { planFor, SERVER, step } from "../apply/hand-plan.js";
import { NEVER, planAfter, runUntil } from "../crash/later-runs.js";

let runs = "";
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), "vtdoctor-undo-"));
});
afterEach(() => rmSync(runs, { recursive: true }));

/** Rules that lead to tables of the lab. */
const leading = (...from: readonly string[]): Uint8Array =>
  encodeRoutingRules(
    create(RoutingRulesSchema, {
      rules: from.map((fromTable) =>
        create(RoutingRuleSchema, { fromTable, toTables: ["customer.customer"] }),
      ),
    }),
  );
const base64 = (...from: readonly string[]): string => Buffer.from(leading(...from)).toString("base64");

/** A run of two stages that take one rule each: the second one goes on with what the first one left. */
async function twoStages() {
  const cluster = labCluster({ rows: 1 });
  const { key } = cluster.topology.routingRules();
  const modRevision = cluster.server(SERVER).put(key, leading("a", "b", "theirs"));
  const at = { server: SERVER, key, record: { kind: "routing-rules" } } as const;
  const first = step("record.write", {
    ...at,
    modRevision,
    before: base64("a", "b", "theirs"),
    after: base64("b", "theirs"),
  });
  const second = step("record.write", {
    ...at,
    modRevision: null,
    before: base64("b", "theirs"),
    after: base64("theirs"),
  });
  const plan: Plan = {
    ...planFor(cluster, { steps: [] }),
    stages: [
      { title: "one", locks: [], steps: [first] },
      { title: "two", locks: [], steps: [{ ...second, id: "02-record.write" }] },
    ],
  };
  await runUntil(plan, cluster, runs, NEVER);
  const value = (): Uint8Array => cluster.server(SERVER).get(key)?.value ?? new Uint8Array();
  return { cluster, key, value };
}

const wordsOf = (plan: Plan): readonly string[] =>
  plan.stages.flatMap(({ steps }) => steps).map((one) => describeStep(one).does);

const undone = async (cluster: SimCluster): Promise<Plan> => {
  const plan = await planAfter(planUndo, cluster, runs, "r1");
  await runUntil(plan, cluster, runs, NEVER);
  return plan;
};

describe("the undo of a run that wrote one record in two stages", () => {
  it("takes the later one back first, and goes on with what that leaves", async () => {
    const { cluster, value } = await twoStages();
    expect(Buffer.from(value())).toEqual(Buffer.from(leading("theirs")));
    const plan = await undone(cluster);
    expect(plan.stages.map(({ title }) => title)).toEqual(["Take back: two", "Take back: one"]);
    expect(wordsOf(plan)).toEqual(["adds the routing rules from `b`", "adds the routing rules from `a`"]);
    expect(Buffer.from(value())).toEqual(Buffer.from(leading("a", "b", "theirs")));
  });

  it("takes the one back where somebody wrote what the other one had changed", async () => {
    const { cluster, key, value } = await twoStages();
    const [rule] = [create(RoutingRuleSchema, { fromTable: "b", toTables: ["elsewhere.customer"] })];
    cluster.server(SERVER).put(key, encodeRoutingRules(create(RoutingRulesSchema, { rules: [rule] })));
    const plan = await undone(cluster);
    expect(plan.blocked).toMatchObject([
      { reason: "the routing rules from b can not be put back: there is another rule for b since" },
    ]);
    expect(wordsOf(plan)).toEqual(["adds the routing rules from `a`"]);
    expect(Buffer.from(value()).toString("latin1")).toContain("elsewhere.customer");
    expect(Buffer.from(value()).toString("latin1")).not.toContain("theirs");
  });

  it("says before it runs that it can not itself be taken back", async () => {
    const { cluster } = await twoStages();
    const { stages } = await undone(cluster);
    for (const one of stages.flatMap(({ steps }) => steps))
      expect([one.class, describeStep(one).undo]).toEqual([
        "confirm",
        "none: repeat what is taken back here (a new plan decides whether that is still safe)",
      ]);
  });
});
