import { describe, expect, test } from "vitest";
import type { CancelRequest, FixRequest } from "../../src/plan/draft.js";
import type { Plan } from "../../src/plan/plan.js";
import { planCancel } from "../../src/plan/planning.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { insertStream } from "../../src/sim/native/workflow.js";
import { RESHARD } from "../../src/sim/stream-row.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { dropShards, halfDone } from "../crash/half-done-scenes.js";
import { judgedAt, snapshotOf } from "../crash/scene.js";
import { findingsOf, fixOf, kinds } from "./planned.js";

/** v19's cancel died after it had dropped -80; 80- is as it was. */
const oneOfTwo = (): SimCluster => {
  const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
  cluster.clock.advance(120_000);
  const operation = reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 });
  while (cluster.topology.shard("customer", "-80").get() !== null)
    if (operation.next().done) throw new Error("the cancel never dropped -80");
  cluster.clock.advance(200_000);
  return cluster;
};

const cancelOf = async (cluster: SimCluster, wanted: Partial<CancelRequest> = {}): Promise<Plan> => {
  const snapshot = await snapshotOf(cluster);
  const request: CancelRequest = {
    command: "vtdoctor cancel customer.c2",
    restoredTopologyConfirmed: false,
    keyspace: "customer",
    workflow: "c2",
    keepData: null,
    missingOk: false,
    keepRoutingRules: false,
    purge: false,
    restoreSecondaryKeys: false,
    retire: null,
    vtctld: null,
    ...wanted,
  };
  try {
    return planCancel(snapshot, request, {
      now: cluster.clock.now(),
      ids: () => "r1",
      judge: judgedAt(cluster.clock.now()),
    });
  } finally {
    snapshot.close();
  }
};

const onFacts = async <T>(cluster: SimCluster, use: (facts: Facts) => T): Promise<T> => {
  const snapshot = await snapshotOf(cluster);
  try {
    return use(snapshot.facts());
  } finally {
    snapshot.close();
  }
};

const stepsOf = (plan: Plan) => plan.stages.flatMap(({ steps }) => steps);

describe("a cancel that dropped one target and left the other", () => {
  test("is one plan: every stream stops first, everywhere", async () => {
    const plan = await cancelOf(oneOfTwo());
    expect(kinds(plan).slice(0, 3)).toEqual(["stream.stop", "stream.stop", "stream.verify-stopped"]);
    expect(kinds(plan).slice(3)).not.toContain("stream.stop");
    expect(kinds(plan)).toContain("table.hold");
    const stopped = stepsOf(plan).flatMap((step) => (step.kind === "stream.stop" ? step.tablet.alias : []));
    expect(stopped.sort()).toEqual(["zone1-0000000200", "zone1-0000000300"]);
    const back = stepsOf(plan).flatMap((step) => (step.kind === "shard.restore" ? step.shard : []));
    expect(back).toEqual(["-80"]);
    const held = stepsOf(plan).flatMap((step) => (step.kind === "table.hold" ? step.tablet.alias : []));
    expect(held).toEqual(["zone1-0000000300"]);
  });

  test("with the orphan restarted, its rows are cleared where no engine is open", async () => {
    const cluster = oneOfTwo();
    const tablet = cluster.tablet("zone1-0000000200");
    tablet.stop();
    cluster.restart(tablet);
    const plan = await cancelOf(cluster, { vtctld: "vtctld:15999" });
    expect(kinds(plan).slice(0, 4)).toEqual([
      "stream.stop",
      "stream.verify-stopped",
      "row.clear",
      "tablet.restore",
    ]);
    expect(kinds(plan)).toContain("shard.elect");
    expect(kinds(plan)).toContain("stream.delete");
  });
});

/** `workflow alias` of each step of a kind. */
const of = (plan: Plan, kind: "stream.stop" | "stream.delete" | "vdiff.delete" | "keys.export"): string[] =>
  stepsOf(plan)
    .flatMap((step) =>
      step.kind === kind ? [`${"workflow" in step ? step.workflow : ""} ${step.tablet.alias}`] : [],
    )
    .sort();

describe("S11: a target deleted, one intact, a primary down, a replica restarted", () => {
  const wrecked = { dead: [250], restarted: [201], reverse: ["-40", "40-80", "80-"] };

  test("reverse streams and copies of a reference table's stop first and go; the source's own reference stays", async () => {
    const plan = await cancelOf(halfDone(wrecked), { keepData: true });
    const streams = [
      "c2 zone1-0000000200",
      "c2 zone1-0000000300",
      "c2_reverse zone1-0000000100",
      "ref zone1-0000000200",
      "ref zone1-0000000300",
    ];
    expect(of(plan, "stream.stop")).toEqual(streams);
    expect(of(plan, "stream.delete")).toEqual(streams);
    expect(of(plan, "vdiff.delete")).toEqual(["c2 zone1-0000000200", "c2 zone1-0000000300"]);
    expect(of(plan, "keys.export")).toEqual(["c2 zone1-0000000200", "c2 zone1-0000000300"]);
    expect(kinds(plan).slice(streams.length - 1, streams.length + 3)).toEqual([
      "stream.stop",
      "vdiff.delete",
      "vdiff.delete",
      "stream.verify-stopped",
    ]);
    expect(plan.notes.join()).toContain("ref on zone1-0000000300 are Reshard's copies");
  });

  test.each([
    ["dropped", { dropped: ["-40"] }],
    ["came back with its primary", { dropped: ["-40"], restarted: [201] }],
    ["came back without one", { dropped: ["-40"], restarted: [200] }],
  ])("secondary keys that the copy had put off are saved from a target that %s", async (_, wreck) => {
    const plan = await cancelOf(halfDone(wreck), { keepData: true, vtctld: "vtctld:15999" });
    expect(of(plan, "keys.export")).toHaveLength(2);
    const order = kinds(plan).filter((kind) => /^(keys.export|stream.delete|row.clear)$/.test(kind));
    expect(order[0]).toBe("keys.export");
    expect(plan.notes.filter((note) => note.includes("lack secondary keys"))).toHaveLength(2);
  });

  test("what can not be done now is said", async () => {
    const plan = await cancelOf(halfDone(wrecked), { keepData: true });
    expect(plan.blocked.map(({ object }) => object)).toEqual([{ keyspace: "customer", shard: "40-80" }]);
    expect(plan.blocked[0]?.reason).toMatch(/dropped by the same cancel, and no tablet .*zone1-0000000250/);
  });

  test("nothing is cancelled where the streams of a dropped target would run on", async () => {
    const cluster = halfDone({ dropped: ["-40", "40-80"], dead: [201] });
    await expect(cancelOf(cluster, { keepData: true })).rejects.toThrow(
      /customer.c2 can not be cancelled: customer\/-40 is not restored: tablet zone1-0000000201 .* does not answer/,
    );
  });

  test("it is said too where the dead target is the only one that was dropped", async () => {
    const plan = await cancelOf(halfDone({ dropped: ["40-80"], dead: [250] }), { keepData: true });
    expect(of(plan, "stream.stop")).toHaveLength(4);
    expect(plan.blocked.map(({ object }) => object.shard)).toEqual(["40-80"]);
  });

  test("a reverse stream that reads from a dropped target alone is deleted once", async () => {
    const plan = await cancelOf(halfDone({ ...wrecked, restarted: [], reverse: ["-40"] }), {
      keepData: true,
    });
    expect(of(plan, "stream.delete").filter((name) => name.startsWith("c2_reverse"))).toHaveLength(1);
  });

  test("with no target intact, reverse streams that read from all kinds go too", async () => {
    const all = { ...wrecked, dead: [], dropped: ["-40", "40-80", "80-"] };
    const plan = await cancelOf(halfDone(all), { keepData: true });
    expect(of(plan, "stream.stop")).toContain("c2_reverse zone1-0000000100");
    expect(of(plan, "stream.delete")).toContain("c2_reverse zone1-0000000100");
    expect(kinds(plan).lastIndexOf("stream.stop")).toBeLessThan(kinds(plan).indexOf("stream.delete"));
  });
});

describe("S11 by fix", () => {
  const wrecked = { dead: [250], restarted: [201], reverse: ["-40", "40-80", "80-"] };
  const fixOfAll = (cluster: SimCluster, wanted: Partial<FixRequest> = {}) =>
    onFacts(cluster, (facts) => fixOf(facts, wanted));
  const found = (cluster: SimCluster) => onFacts(cluster, findingsOf);

  test("one story of the scan leads to it", async () => {
    const findings = await found(halfDone(wrecked));
    const roots = findings.filter(({ causedBy }) => causedBy === null);
    expect(roots.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "workflow-half-cancelled@customer/c2 confirmed",
    ]);
    expect(roots[0]?.symptom).toContain("dropped customer/-40 and customer/40-80 and left customer/80-");
    expect(roots[0]?.evidence.map(({ fact }) => fact).join()).toContain("customer/40-80");
    expect(new Set(findings.map(({ repair }) => repair.command))).toEqual(
      new Set(["vtdoctor fix workflow-half-cancelled@customer/c2"]),
    );
  });

  test("--all is the plan of cancel --keep-data, and repairs the whole story", async () => {
    const plan = await fixOfAll(halfDone(wrecked));
    const cancel = await cancelOf(halfDone(wrecked), { keepData: true });
    expect(plan.stages).toEqual(cancel.stages);
    expect(plan.blocked).toEqual(cancel.blocked);
    const findings = await found(halfDone(wrecked));
    expect(plan.repairs).toEqual(findings.map(({ id }) => id).sort());
    expect(plan.notes.join()).toContain(
      "the copied tables stay on every target; vtdoctor cancel customer.c2",
    );
  });

  test.each(["shard-missing-live-tablets@customer/-40", "stream-on-unlisted-tablet@customer/-40/ref"])(
    "a finding that follows from it, %s, leads to the same plan",
    async (id) => {
      const cluster = () => halfDone({ dropped: ["-40"] });
      const whole = await fixOfAll(cluster());
      const plan = await fixOfAll(cluster(), { findings: [id] });
      expect(plan.stages).toEqual(whole.stages);
      expect(plan.repairs).toContain(id);
    },
  );

  test("where the intact target may not be touched, what was dropped is repaired, and it is said", async () => {
    const cluster = halfDone({ dropped: ["-40"] });
    cluster.tablet("zone1-0000000300").mysql.readOnly = true;
    const plan = await fixOfAll(cluster);
    expect(of(plan, "stream.stop")).toEqual(["c2 zone1-0000000200", "ref zone1-0000000200"]);
    expect(plan.blocked[0]?.reason).toMatch(/not cancelled on customer\/40-80, customer\/80-: .*read-only/);
    expect(plan.repairs).toEqual([]);
  });

  test("--orphans leave leaves all of it", async () => {
    const plan = await fixOfAll(halfDone(wrecked), { orphans: "leave" });
    expect(plan.stages).toEqual([]);
  });

  test("a workflow made anew since the cancel is none of it", async () => {
    const cluster = halfDone(wrecked);
    const { engine } = cluster.tablet("zone1-0000000300");
    engine.deleteWorkflow("c2");
    cluster.clock.advance(10_000);
    engine.exec(
      insertStream(cluster.tablet("zone1-0000000300"), {
        workflow: "c2",
        dbName: "vt_customer",
        source: 'keyspace:"customer" shard:"0" filter:{rules:{match:"/.*" filter:"80-"}}',
        workflowType: RESHARD,
      }),
    );
    expect((await found(cluster)).map(({ rule }) => rule)).not.toContain("workflow-half-cancelled");
  });

  test("the silent target of another Reshard's cancel is none of it", async () => {
    const cluster = halfDone({ dropped: [] });
    cluster.run(
      startTablet(
        cluster,
        cluster.addTablet({ alias: { cell: "zone1", uid: 500 }, keyspace: "customer", shard: "c0-" }),
      ),
    );
    dropShards(cluster, ["c0-"]);
    cluster.tablet("zone1-0000000500").stop();
    expect((await found(cluster)).map(({ rule }) => rule)).not.toContain("workflow-half-cancelled");
  });
});
