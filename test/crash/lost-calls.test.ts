import { beforeAll, describe, expect, it } from "vitest";
import { unanswered } from "../../src/cluster/outcome.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { returnedRetired } from "./leaving-scenes.js";
import { goOn, serversOf, start } from "./repair.js";
import { runsFolder } from "./runs-folder.js";
import { copying, moving, orphaned, planOf, running, type Scene } from "./scene.js";
import { halted, misrouted } from "./serving-scenes.js";
import { changed, imageOf, userRows, type WorldImage } from "./world-image.js";

const runs = runsFolder();

const timeout = unanswered("timeout", "no answer in 5 s");

/** `call`: the n-th write call does not arrive. `reply`: it does its work, and nobody hears of it. */
function lose(what: "call" | "reply", nth: number, cluster: SimCluster): void {
  const hits = { number: 0 };
  const struck = (): boolean => {
    hits.number += 1;
    return hits.number === nth;
  };
  cluster.effects.hook =
    what === "call"
      ? { before: () => (struck() ? timeout : undefined) }
      : { after: () => (struck() ? timeout : undefined) };
}

describe.each([orphaned, running, copying, moving, misrouted, halted, returnedRetired])(
  "the repair of $name",
  (scene: Scene) => {
    let plan: Plan;
    let whole: WorldImage;
    let effects: number;

    const imageLater = (cluster: SimCluster): WorldImage => {
      cluster.clock.advance(120_000);
      return imageOf(cluster, serversOf(plan));
    };

    beforeAll(async () => {
      plan = await planOf(scene);
      const cluster = scene.build();
      const done = cluster.effects.log.length;
      expect(await start(runs, plan, cluster)).toMatchObject({ kind: "ended" });
      effects = cluster.effects.log.length - done;
      whole = imageLater(cluster);
    });

    it.each(["call", "reply"] as const)(
      "ends the same whichever %s is lost, at the latest when it is resumed",
      async (what) => {
        for (let nth = 1; nth <= effects; nth++) {
          const cluster = scene.build();
          const rows = userRows(cluster);
          lose(what, nth, cluster);
          const first = await start(runs, plan, cluster);
          const lost = cluster.effects.log.at(nth - 1);
          const where = `${what} ${nth}: ${lost?.call} ${lost?.detail}`;
          if (first.kind === "stopped") {
            expect(["interrupted", "incomplete"], `${where}: ${first.error.message}`).toContain(
              first.error.exit,
            );
            cluster.effects.hook = {};
            expect(await goOn(runs, plan, cluster), where).toMatchObject({ kind: "ended" });
          }
          expect(changed(whole, imageLater(cluster)), where).toEqual([]);
          expect(userRows(cluster), where).toEqual(rows);
        }
      },
      60_000,
    );
  },
);
