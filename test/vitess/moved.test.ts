import { afterAll, beforeAll, describe } from "vitest";
import { Lab, labMissing } from "./lab/lab.js";
import { moveScenes } from "./lab/move-scenes.js";
import { ranAllOf } from "./lab/printed.js";
import { type Scenery, sceneIn, scenery } from "./lab/scenery.js";

/** As in printed.test.ts; here a MoveTables is there, or what was left of one. */
describe.skipIf(labMissing() !== null)(
  "a MoveTables whose switch is under way or died: what is printed, run as it is printed",
  () => {
    let lab: Lab;
    let given: Scenery;

    beforeAll(async () => {
      lab = await Lab.up({ version: "24" });
      given = await scenery(lab, {});
    });
    afterAll(async () => lab?.down());
    const scene = sceneIn(() => given);

    moveScenes(scene);
    ranAllOf("moved");
  },
);
