import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Shard_TabletControlSchema, ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import { RoutingRuleSchema, RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { moving, running } from "../crash/scene.js";
import { operatorAt, type Said, type Typed, vtdoctor } from "./harness.js";

/** The tablet that serves customer, whatever c2 copies. */
const SERVING = "zone1-0000000100";
const LAST_OF_RESHARD = "  done  08-stream.verify-gone";
const LAST_OF_MOVE = "  done  10-srvvschema.rebuild";

/** Types it; `meanwhile` happens when the step is done, before the stage's look. */
async function interfered(
  cluster: SimCluster,
  line: string,
  step: string,
  meanwhile: () => void,
  how: Typed = {},
): Promise<{ readonly operator: ReturnType<typeof operatorAt>; readonly said: Said; readonly run: string }> {
  const operator = operatorAt(cluster);
  let times = 0;
  const onNote = (note: string): void => {
    if (!note.startsWith(step)) return;
    times += 1;
    meanwhile();
  };
  const said = await operator.write(line, { onNote, ...how });
  expect(times, said.err).toBe(1);
  return { operator, said, run: /^run (test\d+)[: ]/m.exec(said.err + said.out)?.[1] ?? "" };
}

/** The command that the last words print under the sentence. */
const printed = ({ err }: Said, sentence: string): string =>
  /\n {4}vtdoctor (.*)/.exec(err.slice(err.indexOf(sentence)))?.[1] ?? "";

const story = async ({ folder }: ReturnType<typeof operatorAt>, run: string): Promise<string> =>
  (await vtdoctor(["runs", run, "--run-dir", join(folder, "runs")])).out;

/** Somebody else's rule, in every vtgate at once. */
const leadAway = (cluster: SimCluster, table: string, to: string): void => {
  const rule = create(RoutingRuleSchema, { fromTable: table, toTables: [to] });
  cluster.topology.routingRules().put(create(RoutingRulesSchema, { rules: [rule] }));
  for (const _ of rebuildSrvVSchema(cluster, cluster.version));
};

const CANCEL_RESHARD = "cancel customer.c2 --yes";
const CANCEL_MOVE = "cancel moved.c2 --yes";

describe("after a stage the run looks at what it touched", () => {
  it("a healthy run goes on: a Reshard's cancel, and a MoveTables' whose names end", async () => {
    for (const [scene, line] of [
      [running, CANCEL_RESHARD],
      [moving, CANCEL_MOVE],
    ] as const) {
      const cluster = scene.build();
      const { operator, said, run } = await interfered(cluster, line, "  done  01-", () => {});
      expect(said.code, said.err).toBe(0);
      const told = await story(operator, run);
      expect(told.match(/query paths .*/g)).toEqual([
        "query paths before the first stage: what was served is served",
        expect.stringMatching(/^query paths after "Cancel .*": what was served is served$/),
      ]);
    }
  });

  it("stops where the serving side died meanwhile, and the way back that it says works", async () => {
    const cluster = running.build();
    const { operator, said, run } = await interfered(cluster, CANCEL_RESHARD, LAST_OF_RESHARD, () =>
      cluster.faults.refuse(SERVING),
    );
    expect(said.code, said.err).toBe(4);
    expect(said.err).toContain(
      `vtdoctor: after stage "Cancel Reshard customer.c2": PRIMARY queries from zone1 for corder, customer, customer.corder and 1 more, which customer served, are not served any more (customer/0: tablet-dead, `,
    );
    expect(said.err).toContain(`the way back is \`vtdoctor undo ${run}\``);
    expect(await story(operator, run)).toMatch(
      /after "Cancel Reshard customer.c2": worse than before\n +PRIMARY/,
    );
    const undone = await operator.type(`${printed(said, "To take it back")} --yes`);
    expect(undone.code, undone.err).toBe(0);
    expect(cluster.tablet("zone1-0000000200").mysql.table("vt_customer", "customer")).toBeDefined();
  });

  it("goes on by resume once it is served again, and not before", async () => {
    const cluster = running.build();
    const { operator, said } = await interfered(cluster, CANCEL_RESHARD, LAST_OF_RESHARD, () =>
      cluster.faults.refuse(SERVING),
    );
    const resume = `${printed(said, "To go on with it")} --yes`;
    const early = await operator.type(resume);
    expect(early.code, early.err).toBe(4);
    expect(early.err).toContain("before its next stage: PRIMARY queries");
    cluster.faults.heal(SERVING);
    const late = await operator.type(resume);
    expect(late.code, late.err).toBe(0);
  });

  it("waits for what passes", async () => {
    const cluster = running.build();
    const { said } = await interfered(cluster, CANCEL_RESHARD, LAST_OF_RESHARD, () => {
      cluster.faults.refuse(SERVING);
      cluster.clock.at(cluster.clock.now() + 20_000, () => cluster.faults.heal(SERVING));
    });
    expect(said.code, said.err).toBe(0);
  });

  it("does not call silence an outage, nor go on over it", async () => {
    const cluster = running.build();
    const { operator, said } = await interfered(cluster, CANCEL_RESHARD, LAST_OF_RESHARD, () =>
      cluster.faults.hang(SERVING),
    );
    expect(said.code, said.err).toBe(5);
    expect(said.err).toContain("can not be seen any more (customer/0: tablet-silent, ");
    cluster.faults.heal(SERVING);
    const late = await operator.type(`${printed(said, "To go on with it")} --yes`);
    expect(late.code, late.err).toBe(0);
  });

  it("stops where somebody leads a name away, and takes back only what the run did", async () => {
    const cluster = moving.build();
    const { operator, said } = await interfered(cluster, CANCEL_MOVE, LAST_OF_MOVE, () =>
      leadAway(cluster, "corder", "moved.corder"),
    );
    expect(said.code, said.err).toBe(4);
    expect(said.err).toMatch(/after stage "Cancel MoveTables moved.c2": .* queries from zone1 for corder,/);
    const undone = await operator.type(`${printed(said, "To take it back")} --yes`);
    expect(undone.code, undone.err).toBe(0);
    const rules = cluster.topology
      .routingRules()
      .get()
      ?.rules.map(({ fromTable }) => fromTable);
    expect(rules).toContain("corder");
    expect(rules).toContain("moved.customer");
  });

  it("tells of an outage that it does not touch, and goes on", async () => {
    const cluster = moving.build();
    const { said } = await interfered(cluster, CANCEL_MOVE, LAST_OF_MOVE, () => {
      const record = cluster.topology.shard("customer", "0");
      const control = create(Shard_TabletControlSchema, { tabletType: 1, deniedTables: ["corder"] });
      const shard = record.get() ?? create(ShardSchema);
      record.put({ ...shard, tabletControls: [control] });
    });
    expect(said.code, said.err).toBe(6);
    expect(said.err).toContain("elsewhere, not touched by this run: PRIMARY queries from zone1 for corder");
  });

  it("looks when it is resumed too: the crash was between the stage and its look", async () => {
    const cluster = running.build();
    const interrupted = new AbortController();
    const { operator, said } = await interfered(
      cluster,
      CANCEL_RESHARD,
      LAST_OF_RESHARD,
      () => {
        interrupted.abort();
        cluster.faults.refuse(SERVING);
      },
      { signal: interrupted.signal },
    );
    expect(said.code, said.err).toBe(5);
    const resumed = await operator.type(`${printed(said, "To go on with it")} --yes`);
    expect(resumed.code, resumed.err).toBe(4);
    expect(resumed.err).toContain("before its next stage: PRIMARY queries");
  });
});
