import { beforeAll, describe, expect, it } from "vitest";
import { migrationId } from "../../src/cluster/journal.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { type Ending, liveThrough } from "./lives.js";
import { serversOf, stepIds, writable } from "./repair.js";
import { runsFolder } from "./runs-folder.js";
import { planOf, type Scene } from "./scene.js";
import { changed, imageOf, userRows } from "./world-image.js";

const runs = runsFolder();

/** What the repair must leave nothing of: names of the world's image. */
interface Residue extends Scene {
  readonly gone: readonly string[];
}

const haunted = (version: "19.0.10" | "24.0.4"): Residue => ({
  name: `a stream without a row on Vitess ${version}`,
  build() {
    const cluster = reshardingLab({ version, rows: 20 });
    cluster.tablet("zone1-0000000200").executeAsDba("delete from _vt.vreplication where id=1");
    return cluster;
  },
  request: {},
  fixes: ["stream-without-row"],
  gone: ["stream zone1-0000000200 c2 1", "engine zone1-0000000200 c2 1", "stream zone1-0000000201 c2 1"],
});

const JOURNAL = migrationId("customer", [
  { shard: "-80", id: 1 },
  { shard: "80-", id: 1 },
]);

const loaded: Residue = {
  name: "an old journal with the id of a living workflow",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const { mysql } = cluster.tablet("zone1-0000000100");
    const val = `id:${JOURNAL} migration_type:SHARDS local_position:"MySQL56/${mysql.uuid}:1-2" participants:{keyspace:"customer" shard:"0"}`;
    mysql.write(({ sidecar }) => {
      sidecar.journals = [{ id: JOURNAL, dbName: "vt_customer", val }];
    });
    cluster.clock.advance(3_000);
    return cluster;
  },
  request: {},
  fixes: ["journal-id-collision"],
  gone: [`journal zone1-0000000100 ${JOURNAL}`],
};

/** A replica follows its primary. */
const followed = (name: string): string => name.replace("zone1-0000000201", "zone1-0000000200");

describe.each([haunted("19.0.10"), haunted("24.0.4"), loaded])("the repair of $name", (scene: Residue) => {
  let plan: Plan;
  let whole: Ending;
  let before: SimCluster;

  beforeAll(async () => {
    plan = await planOf(scene);
    before = scene.build();
    whole = await liveThrough(runs, scene, plan, []);
  });

  it("comes to its end, and leaves nothing of it", () => {
    expect(whole.result.exit).toBe("ok");
    expect(whole.result.steps.map((step) => step.id)).toEqual(stepIds(plan));
    expect(scene.gone.filter((name) => whole.image.has(name))).toEqual([]);
  });

  it("changes nothing but its write-set, and no row of the users", () => {
    const strangers = changed(imageOf(before, serversOf(plan)), whole.image).filter(
      (name) => !writable(plan, name) && !writable(plan, followed(name)),
    );
    expect(strangers).toEqual([]);
    expect(userRows(whole.cluster)).toEqual(userRows(before));
  });

  it("ends the same wherever its process is killed, and killed again", async () => {
    const instants = whole.fate.passed;
    expect(instants).toBeGreaterThan(15);
    for (let killAt = 1; killAt <= instants; killAt++) {
      const kills = killAt % 5 === 0 ? [killAt, 2] : [killAt];
      const ending = await liveThrough(runs, scene, plan, kills);
      const where = `killed ${ending.fate.at} (instants ${kills.join(", ")} of ${instants})`;
      expect(ending.fate.killed, where).toBe(true);
      expect(changed(whole.image, ending.image), where).toEqual([]);
    }
  }, 120_000);
});
