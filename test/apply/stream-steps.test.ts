import { describe, expect, it } from "vitest";
import { stopStatements } from "../../src/apply/steps/stream-stops.js";
import type { TabletRef } from "../../src/plan/fields.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { insertRows } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { returned } from "../crash/leaving-scenes.js";
import { planOf } from "../crash/scene.js";
import { planFor, refTo, rowsOn, run, step } from "./hand-plan.js";

const lab = () => reshardingLab({ rows: 20 });
const target = (cluster: SimCluster): SimTablet => cluster.tablet("zone1-0000000200");

const stop = (tablet: SimTablet, workflow = "c2") =>
  step("stream.stop", {
    tablet: refTo(tablet),
    workflow,
    dbName: tablet.dbName,
    rows: rowsOn(tablet, workflow),
  });
const remove = (tablet: SimTablet) =>
  step("stream.delete", {
    tablet: refTo(tablet),
    workflow: "c2",
    dbName: tablet.dbName,
    rows: rowsOn(tablet, "c2"),
  });
const watch = (kind: "stream.verify-stopped" | "stream.verify-gone", tablet: SimTablet) =>
  step(kind, {
    streams: [
      {
        tablet: refTo(tablet),
        workflow: "c2",
        dbName: tablet.dbName,
        ids: rowsOn(tablet, "c2").map(({ id }) => id),
      },
    ],
    settleMs: 5_000,
  });

const stateOf = (tablet: SimTablet) => tablet.mysql.data.sidecar.vreplication.map((row) => row.state);

describe("stream.stop", () => {
  it("stops the rows and the engine, and keeps the rows as they were", async () => {
    const cluster = lab();
    const tablet = target(cluster);
    const ran = await run(cluster, planFor(cluster, { steps: [stop(tablet)] }), ["01-stream.stop"]);
    expect(ran).toMatchObject({ exit: "ok", steps: [{ outcome: "done" }] });
    expect(stateOf(tablet)).toEqual(["Stopped"]);
    expect(tablet.engine.streams.map((stream) => stream.state)).toEqual(["Stopped"]);
    expect(ran).toMatchObject({
      files: { "01-stream.stop": [{ id: "1", workflow: "c2", state: "Running" }] },
    });
  });

  it("says done-already of what is stopped, and writes nothing", async () => {
    const cluster = lab();
    const tablet = target(cluster);
    const plan = planFor(cluster, { steps: [stop(tablet)] });
    await run(cluster, plan);
    const effects = cluster.effects.log.length;
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
    expect(cluster.effects.log).toHaveLength(effects);
  });

  it("leaves a workflow of another name alone, whatever characters are in it", () => {
    const tablet = target(lab());
    const evil = { ...stop(tablet), workflow: "c2' or '1'='1", dbName: "vt_\\'" };
    expect(stopStatements(evil, "r1")).toEqual([
      "update _vt.vreplication set state='Stopped', message='stopped by vtdoctor run r1' where db_name='vt_\\\\\\'' and workflow='c2\\' or \\'1\\'=\\'1' and id in (1) and not message <=> 'FROZEN'",
    ]);
  });

  const refusals: readonly [string, RegExp, (cluster: SimCluster, tablet: SimTablet) => void][] = [
    [
      "a tablet that is no longer PRIMARY",
      /is REPLICA now, no longer PRIMARY: its vreplication engine is closed and another tablet of customer\/-80 owns the streams/,
      (cluster) => cluster.run(plannedReparent(cluster, cluster.tablet("zone1-0000000201"))),
    ],
    [
      "another process at the address",
      /127\.0\.0\.1:16200 is zone1-0000000999 now, not zone1-0000000200/,
      (cluster, tablet) => {
        tablet.kill();
        const options = {
          alias: { cell: "zone1", uid: 999 },
          keyspace: "customer",
          shard: "-80",
          grpcPort: 16_200,
        };
        cluster.addTablet({ ...options, mysql: tablet.mysql }).begin(TabletType.PRIMARY, null);
      },
    ],
    [
      "a stream that the plan does not know",
      /has stream 2 of c2, which the plan does not know/,
      (_cluster, tablet) => {
        const [row] = tablet.mysql.data.sidecar.vreplication;
        tablet.mysql.write(({ sidecar }) => sidecar.vreplication.push({ ...row, id: "2" }));
      },
    ],
    [
      "a stream that was frozen by a switch",
      /stream 1 of c2 on zone1-0000000200 .* was FROZEN after the plan was made: its traffic was switched/,
      (_cluster, tablet) => {
        tablet.engine.exec("update _vt.vreplication set message='FROZEN' where id=1");
      },
    ],
    [
      "a ghost, which no statement stops",
      /the engine of zone1-0000000200 .* runs stream 1 without a row/,
      (_cluster, tablet) => {
        tablet.executeAsDba("delete from _vt.vreplication where id=1");
      },
    ],
  ];
  it.each(refusals)("is refused for %s", async (_name, words, happen) => {
    const cluster = lab();
    const tablet = target(cluster);
    const plan = planFor(cluster, { steps: [stop(tablet)] });
    happen(cluster, tablet);
    const effects = cluster.effects.log.length;
    const ran = await run(cluster, plan);
    expect(ran).toMatchObject({ exit: "refused", said: expect.stringMatching(words) });
    expect(ran).toMatchObject({ said: expect.stringContaining("Nothing was changed.") });
    expect(cluster.effects.log).toHaveLength(effects);
  });

  it("is incomplete, not refused, where the tablet does not answer", async () => {
    const cluster = lab();
    const plan = planFor(cluster, { steps: [stop(target(cluster))] });
    cluster.faults.hang("zone1-0000000200");
    expect(await run(cluster, plan)).toMatchObject({ exit: "incomplete" });
  });

  it("is incomplete where only the engine can not be seen", async () => {
    const cluster = lab();
    const plan = planFor(cluster, { steps: [stop(target(cluster))] });
    cluster.faults.refuse("zone1-0000000200", ["http"]);
    expect(await run(cluster, plan)).toMatchObject({
      exit: "incomplete",
      said: expect.stringContaining("/debug/vars"),
    });
  });
});

describe("stream.verify-stopped", () => {
  it("refuses a stream that runs", async () => {
    const cluster = lab();
    expect(
      await run(cluster, planFor(cluster, { steps: [watch("stream.verify-stopped", target(cluster))] })),
    ).toMatchObject({ exit: "refused", said: expect.stringContaining("is Running in _vt") });
  });

  it("is not deceived by a row that was set to Stopped behind the engine's back", async () => {
    const cluster = lab();
    const tablet = target(cluster);
    tablet.executeAsDba("update _vt.vreplication set state='Stopped' where id=1");
    expect(
      await run(cluster, planFor(cluster, { steps: [watch("stream.verify-stopped", tablet)] })),
    ).toMatchObject({ exit: "refused", said: expect.stringMatching(/Running in the engine|still move/) });
  });
});

describe("stream.delete", () => {
  it("does not delete what is not stopped", async () => {
    const cluster = lab();
    const tablet = target(cluster);
    expect(await run(cluster, planFor(cluster, { steps: [remove(tablet)] }))).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("is Running, not Stopped"),
    });
    expect(stateOf(tablet)).toEqual(["Running"]);
  });

  it("keeps the copy state and the deferred keys in the run's folder", async () => {
    const cluster = reshardingLab({ rows: 20, copyRowsPerSecond: 1e-6 });
    const tablet = target(cluster);
    const keys = step("keys.export", {
      ...{
        tablet: refTo(tablet),
        workflow: "c2",
        dbName: "vt_customer",
        ids: [1],
        actions: [],
        apply: false,
      },
    });
    const steps = [{ ...stop(tablet), id: "01-stop" }, keys, remove(tablet)];
    const ran = await run(cluster, planFor(cluster, { steps }), ["03-stream.delete"]);
    expect(ran).toMatchObject({
      exit: "ok",
      files: {
        "03-stream.delete": {
          streams: [{ workflow: "c2" }],
          copyState: expect.arrayContaining([expect.anything()]),
        },
      },
    });
    expect(tablet.mysql.data.sidecar).toMatchObject({ vreplication: [], copyState: [], postCopyActions: [] });
  });

  it("is refused where a secondary key would go with the stream that the run has not saved", async () => {
    const cluster = reshardingLab({ rows: 20, copyRowsPerSecond: 1e-6 });
    const tablet = target(cluster);
    const steps = [{ ...stop(tablet), id: "01-stop" }, remove(tablet)];
    expect(await run(cluster, planFor(cluster, { steps }))).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/would go with the streams: alter table .*add key customer_id/),
    });
    expect(tablet.mysql.data.sidecar.vreplication).toHaveLength(1);
  });
});

describe("row.clear", () => {
  it("is refused where a secondary key would go with the rows that the run has not saved", async () => {
    const plan = await planOf(returned);
    const cluster = returned.build();
    const { sidecar } = target(cluster).mysql.data;
    const action = JSON.stringify({ task: "alter table vt_customer.corder add key sku (sku)", type: 1 });
    sidecar.postCopyActions.push({ id: 1, vreplId: 1, tableName: "corder", action });
    const clearing = plan.stages.filter(({ steps }) => steps.some(({ kind }) => kind === "row.clear"));
    expect(await run(cluster, { ...plan, stages: clearing })).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/would go with the streams: alter table .* add key sku/),
    });
    expect(sidecar.vreplication).toHaveLength(1);
  });

  it.each<[string, RegExp, (tablet: SimTablet, cluster: SimCluster) => void]>([
    [
      "a stream that the plan does not know",
      /stream 9 of c2 in the MySQL of zone1-0000000200 .* is not in the plan/,
      ({ mysql }) => {
        const [row] = mysql.data.sidecar.vreplication;
        mysql.data.sidecar.vreplication.push({ ...row, id: "9" });
      },
    ],
    [
      "another process at the address",
      /127\.0\.0\.1:16200 is zone1-0000000999 now, not zone1-0000000200/,
      (tablet, cluster) => {
        tablet.kill();
        const place = { keyspace: "customer", shard: "-80", grpcPort: 16_200, vtPort: 15_200 };
        cluster
          .addTablet({ alias: { cell: "zone1", uid: 999 }, ...place, mysql: tablet.mysql })
          .begin(TabletType.REPLICA, null);
      },
    ],
  ])("is refused for %s", async (_, words, happen) => {
    const plan = await planOf(returned);
    const cluster = returned.build();
    const clearing = plan.stages
      .map((stage) => ({ ...stage, steps: stage.steps.filter(({ kind }) => kind === "row.clear") }))
      .filter(({ steps }) => steps.length > 0);
    happen(target(cluster), cluster);
    const rows = target(cluster).mysql.data.sidecar.vreplication.length;
    const ran = await run(cluster, { ...plan, premises: [], stages: clearing });
    expect(ran).toMatchObject({ exit: "refused", said: expect.stringMatching(words) });
    expect(target(cluster).mysql.data.sidecar.vreplication).toHaveLength(rows);
  });

  it("stops, with the rows at rest, where the shard gets a primary between two of its statements", async () => {
    const plan = await planOf(returned);
    const cluster = returned.build();
    // As if the election had not asked for the shard's lock.
    const clearing = plan.stages
      .filter(({ steps }) => steps.some(({ kind }) => kind === "row.clear"))
      .map((stage) => ({ ...stage, locks: [] }));
    const sent: string[] = [];
    cluster.effects.hook = {
      after: ({ call, detail }) => {
        if (call !== "executeAsDba") return undefined;
        sent.push(detail);
        if (sent.length === 1) cluster.run(plannedReparent(cluster, target(cluster)));
        return undefined;
      },
    };
    expect(await run(cluster, { ...plan, stages: clearing })).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/zone1-0000000200 .*(was elected primary|is PRIMARY now)/),
    });
    expect(sent).toEqual([expect.stringMatching(/^update _vt\.vreplication set state='Stopped'/)]);
    cluster.clock.advance(60_000);
    expect(target(cluster).engine.streams.map(({ state }) => state)).toEqual(["Stopped"]);
  });

  const PEER = "zone1-0000000201";
  const withPeer = async (address: (of: TabletRef) => TabletRef) => {
    const plan = await planOf(returned);
    const cluster = returned.build();
    const peer = cluster.tablet(PEER);
    cluster.restart(peer);
    const record = {
      server: cluster.topology.cell("zone1").etcd.server,
      key: cluster.topology.tablet(peer.alias).key,
    };
    const stages = plan.stages.map((stage) => ({
      ...stage,
      steps: stage.steps.map((step) =>
        step.kind === "row.clear" ? { ...step, peers: [address({ ...refTo(peer), record })] } : step,
      ),
    }));
    const clearing = stages.filter(({ steps }) => steps.some(({ kind }) => kind === "row.clear"));
    return { cluster, peer, plan: { ...plan, stages: clearing } };
  };

  it("is refused where a peer's address refuses that is no Tablet record's, as a dead port-forward does", async () => {
    const { cluster, plan } = await withPeer(({ record, ...peer }) => ({
      ...peer,
      address: { ...peer.address, grpcPort: 1, httpPort: 2 },
    }));
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringMatching(/is not the address of its Tablet record, and this run has not ended it/),
    });
    expect(target(cluster).mysql.data.sidecar.vreplication).toHaveLength(1);
  });

  it("believes that a peer has ended whose own address refuses both ports", async () => {
    const { cluster, peer, plan } = await withPeer((of) => of);
    peer.kill();
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok" });
    expect(target(cluster).mysql.data.sidecar.vreplication).toEqual([]);
  });
});

describe("tablet.stop", () => {
  /** `isOwn`: the address is that of its Tablet record, and no override's. */
  const scene = (isOwn: boolean) => {
    const cluster = lab();
    const tablet = target(cluster);
    const record = {
      server: cluster.topology.cell("zone1").etcd.server,
      key: cluster.topology.tablet(tablet.alias).key,
    };
    const plan = planFor(cluster, {
      steps: [
        step("tablet.stop", {
          ...{ tablet: { ...refTo(tablet), ...(isOwn ? { record } : {}) }, ...record },
          command: ["stop", tablet.name],
        }),
      ],
    });
    return { cluster, tablet, plan };
  };

  it.each([
    ["at an address that is not its own", false, 60_000],
    ["at its own, for as long as a restart takes", true, 9_000],
  ])(
    "is not done already where nothing listens before anything was told to end, %s",
    async (_, isOwn, backMs) => {
      const { cluster, tablet, plan } = scene(isOwn);
      cluster.faults.refuse(tablet.name);
      cluster.clock.after(backMs, () => cluster.faults.heal(tablet.name));
      const ran = await run(cluster, plan);
      expect(tablet.running).toBe(!isOwn);
      expect(ran).toMatchObject(
        isOwn
          ? { exit: "ok", steps: [{ outcome: "done" }] }
          : { exit: "incomplete", said: expect.stringMatching(/connect ECONNREFUSED.* Nothing was changed/) },
      );
    },
  );

  it("is done already where somebody ended it by hand", async () => {
    const { cluster, tablet, plan } = scene(true);
    tablet.stop();
    expect(await run(cluster, plan)).toMatchObject({ exit: "ok", steps: [{ outcome: "done-already" }] });
  });
});

describe("tablet.stay-away", () => {
  const watchAway = (cluster: SimCluster, tablet: SimTablet) => {
    const { server } = cluster.topology.cell("zone1").etcd;
    const { key } = cluster.topology.tablet(tablet.alias);
    cluster.topology.tablet(tablet.alias).delete();
    return step("tablet.stay-away", {
      tablets: [refTo(tablet)],
      keys: [{ server, key }],
      watchMs: 120_000,
    });
  };

  it.each([
    ["and is content with one that nobody starts", null, "ok"],
    ["and names one that a supervisor starts again meanwhile", 60_000, "unverified"],
    ["and not one that it starts after that", 130_000, "ok"],
  ])("watches, %s", async (_, backMs, exit) => {
    const cluster = lab();
    const tablet = target(cluster);
    tablet.stop();
    const plan = planFor(cluster, { steps: [watchAway(cluster, tablet)] });
    if (backMs !== null) cluster.clock.after(backMs, () => cluster.restart(tablet));
    const ran = await run(cluster, plan);
    expect(ran.exit).toBe(exit);
    if (ran.exit !== "ok") expect(ran.said).toMatch(/a retired tablet came back: .*zone1-0000000200/);
  });
});

describe("stream.verify-gone", () => {
  const cancelled = (cluster: SimCluster) => {
    const tablet = target(cluster);
    return [
      { ...stop(tablet), id: "01-stop" },
      { ...remove(tablet), id: "02-delete" },
      watch("stream.verify-gone", tablet),
    ];
  };

  it("proves by a position that stands still that no data arrives", async () => {
    const cluster = lab();
    const ran = await run(cluster, planFor(cluster, { steps: cancelled(cluster) }));
    expect(ran.exit === "ok" && ran.steps[2]?.said).toMatch(
      /no data arrives: the MySQL positions stand still/,
    );
  });

  it("says that a moving position proves nothing, and is content with rows and engine", async () => {
    const cluster = lab();
    const plan = planFor(cluster, { steps: cancelled(cluster) });
    const { mysql } = target(cluster);
    cluster.clock.whilePassing(() => mysql.write(() => {}));
    const ran = await run(cluster, plan);
    expect(ran.exit === "ok" && ran.steps[2]?.said).toMatch(
      /still takes other writes \(heartbeats or clients\), so its MySQL position is no proof/,
    );
  });

  it("finds the ghost that a row deleted by SQL leaves", async () => {
    const cluster = lab();
    const tablet = target(cluster);
    const plan = planFor(cluster, { steps: [watch("stream.verify-gone", tablet)] });
    tablet.executeAsDba("delete from _vt.vreplication where id=1");
    insertRows(cluster, "customer", "customer", [{ key: "777", content: "late" }]);
    expect(await run(cluster, plan)).toMatchObject({
      exit: "refused",
      said: expect.stringContaining("runs on in the engine without a row"),
    });
  });
});
