import { describe, expect, it } from "vitest";
import type { StepKind } from "../../src/plan/steps/index.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimEffect } from "../../src/sim/effects.js";
import { planFor, type Ran, run } from "./hand-plan.js";
import {
  addStream,
  DB,
  HOLD,
  JOURNAL,
  madeOf,
  type Scene,
  sceneNow,
  setStreams,
  sql,
} from "./step-scenes.js";

const rows = ({ tablet }: Scene) =>
  tablet.mysql.data.sidecar.vreplication.map(({ id, state, message }) => [id, state, message]);

const tablesIn = ({ tablet }: Scene, schema: string): readonly string[] | null => {
  const tables = tablet.mysql.data.databases.get(schema);
  return tables === undefined ? null : [...tables.keys()].toSorted();
};

const refusedFor = (words: RegExp) => ({ exit: "refused", said: expect.stringMatching(words) });

/** Runs one step; `happen` in the moment in which its call (the `at`-th, as `isCall` knows it) arrives, after all that the run looks at. */
async function meanwhile(
  kind: StepKind,
  happen: (scene: Scene) => void,
  isCall: (effect: SimEffect) => boolean = () => true,
): Promise<{ readonly scene: Scene; readonly ran: Ran }> {
  const scene = sceneNow();
  if (kind === "stream.stop") setStreams(scene, "state='Running'");
  const plan = planFor(scene.cluster, { steps: [madeOf(kind, scene)] });
  let happened = false;
  scene.cluster.effects.hook = {
    before: (effect) => {
      if (!happened && isCall(effect)) {
        happened = true;
        happen(scene);
      }
      return undefined;
    },
  };
  const ran = await run(scene.cluster, plan);
  expect(happened).toBe(true);
  return { scene, ran };
}

describe("between a step's last look and its call", () => {
  it("a stream that somebody makes under the name is not stopped, and is named", async () => {
    const { scene, ran } = await meanwhile("stream.stop", addStream);
    expect(ran).toMatchObject(refusedFor(/has stream 2 of c2, which the plan does not know/));
    expect(rows(scene)).toEqual([
      ["1", "Stopped", "stopped by vtdoctor run r1"],
      ["2", "Running", ""],
    ]);
  });

  it("a stream that a switch freezes stays frozen", async () => {
    const { scene, ran } = await meanwhile("stream.stop", (now) =>
      setStreams(now, "state='Stopped', message='FROZEN'"),
    );
    expect(ran).toMatchObject(refusedFor(/stream 1 of c2 .* was FROZEN after the plan was made/));
    expect(rows(scene)).toEqual([["1", "Stopped", "FROZEN"]]);
  });

  it.each(["for vdiff", "Picked source tablet: zone1-0000000101"])(
    "a message that Vitess writes meanwhile keeps no stream from being stopped: %s",
    async (message) => {
      const { scene, ran } = await meanwhile("stream.stop", (now) => setStreams(now, `message='${message}'`));
      expect(ran).toMatchObject({ exit: "ok" });
      expect(rows(scene)).toEqual([["1", "Stopped", "stopped by vtdoctor run r1"]]);
    },
  );

  it("a stream that somebody touches is not restarted", async () => {
    const { scene, ran } = await meanwhile("stream.restart", (now) =>
      setStreams(now, "message='mine, do not start'"),
    );
    expect(rows(scene)).toEqual([["1", "Stopped", "mine, do not start"]]);
    expect(ran).toMatchObject({ exit: "ok" });
  });

  it("a stream that somebody makes under the name goes with the others, and that is told", async () => {
    const { scene, ran } = await meanwhile("stream.delete", addStream);
    expect(ran).toMatchObject(
      refusedFor(/deleted 2 streams of c2, and the plan knew 1: somebody made one in that moment/),
    );
    expect(rows(scene)).toEqual([]);
  });

  it("a journal that a switch writes under the id stays", async () => {
    const val = `${JOURNAL.val} participants:{keyspace:'a'}`;
    const { scene, ran } = await meanwhile("journal.delete", ({ tablet }) =>
      tablet.mysql.write(({ sidecar }) => {
        sidecar.journals = [{ ...JOURNAL, val }];
      }),
    );
    expect(ran).toMatchObject(refusedFor(/the journal 1 of .* is another one than in the plan/));
    expect(scene.tablet.mysql.data.sidecar.journals.map((journal) => journal.val)).toEqual([val]);
  });

  it("a VDiff that somebody begins is deleted with the others", async () => {
    const { scene, ran } = await meanwhile("vdiff.delete", ({ tablet }) =>
      tablet.mysql.write(({ sidecar }) => {
        const [one] = sidecar.vdiffs;
        if (one !== undefined) sidecar.vdiffs = [one, { ...one, id: 2, uuid: "v", state: "started" }];
      }),
    );
    expect(ran).toMatchObject({ exit: "ok" });
    expect(scene.tablet.mysql.data.sidecar.vdiffs).toEqual([]);
  });

  it("a table that is made anew under a held one's name stays, and so does the held one", async () => {
    const { scene, ran } = await meanwhile("table.return", ({ tablet }) =>
      tablet.mysql.createTable(DB, "customer", "CREATE TABLE `customer` (`id` int)"),
    );
    expect(ran.exit).not.toBe("ok");
    expect(tablesIn(scene, HOLD)).toEqual(["customer"]);
    expect(scene.tablet.mysql.data.databases.get(DB)?.get("customer")?.rows.size).toBe(0);
  });

  it("a table that is moved into the hold by hand stays there", async () => {
    const { scene, ran } = await meanwhile("hold.drop", (now) =>
      sql(now, `rename table ${DB}.corder to ${HOLD}.corder`),
    );
    expect(ran.exit).not.toBe("ok");
    expect(tablesIn(scene, HOLD)).toEqual(["corder"]);
  });

  it("an engine that restarts between a ghost's row and its deletion starts nothing from it", async () => {
    const { scene, ran } = await meanwhile(
      "ghost.stop",
      ({ cluster, tablet }) => {
        tablet.kill();
        cluster.restart(tablet);
        tablet.begin(TabletType.PRIMARY, tablet.term);
      },
      ({ call }) => call === "vreplicationExec",
    );
    expect(ran).toMatchObject({ exit: "ok" });
    expect([rows(scene), scene.tablet.engine.streams]).toEqual([[], []]);
  });

  it("a record that comes back lets the vttablet live that was to end without one", async () => {
    const { scene, ran } = await meanwhile("tablet.stop", ({ cluster, tablet }) =>
      cluster.topology.tablet(tablet.alias).put(tablet.record()),
    );
    expect(ran).toMatchObject(refusedFor(/still answers 60 s after it was told to end/));
    expect(scene.tablet.running).toBe(true);
  });
});
