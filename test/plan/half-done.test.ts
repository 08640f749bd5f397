import { describe, expect, test } from "vitest";
import { planCancel } from "../../src/plan/cancel.js";
import { type CancelRequest, DEFAULT_LIMITS } from "../../src/plan/context.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native.js";
import { snapshotOf } from "../crash/scene.js";
import { kinds } from "./planned.js";

/** v19's cancel died after it had dropped -80; 80- is as it was. */
const halfDone = (): SimCluster => {
  const cluster = reshardingLab({ version: "19.0.10", rows: 20 });
  const operation = reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 });
  while (cluster.topology.shard("customer", "-80").get() !== null)
    if (operation.next().done) throw new Error("the cancel never dropped -80");
  cluster.clock.advance(200_000);
  return cluster;
};

const cancelOf = async (cluster: SimCluster, wanted: Partial<CancelRequest> = {}): Promise<Plan> => {
  const snapshot = await snapshotOf(cluster);
  const request: CancelRequest = {
    ...DEFAULT_LIMITS,
    command: "vtdoctor cancel customer.c2",
    restoredTopologyConfirmed: false,
    keyspace: "customer",
    workflow: "c2",
    keepData: null,
    keepRoutingRules: false,
    purge: false,
    restoreSecondaryKeys: false,
    vtctld: null,
    ...wanted,
  };
  try {
    return planCancel(snapshot, request, { now: cluster.clock.now(), ids: () => "r1" });
  } finally {
    snapshot.close();
  }
};

const stepsOf = (plan: Plan) => plan.stages.flatMap(({ steps }) => steps);

describe("a cancel that dropped one target and left the other", () => {
  test("is one plan: every stream stops first, everywhere", async () => {
    const plan = await cancelOf(halfDone());
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
    const cluster = halfDone();
    const tablet = cluster.tablet("zone1-0000000200");
    tablet.stop();
    cluster.restart(tablet);
    const plan = await cancelOf(cluster, { vtctld: "vtctld:15999" });
    expect(kinds(plan).slice(0, 2)).toEqual(["row.clear", "tablet.restore"]);
    expect(kinds(plan)).toContain("shard.elect");
    expect(kinds(plan)).toContain("stream.delete");
  });
});
