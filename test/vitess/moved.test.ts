import { describe } from "vitest";
import { labMissing } from "./lab/lab.js";
import { moveScenes, sideScenes } from "./lab/move-scenes.js";
import { phaseScenes } from "./lab/phase-scenes.js";
import { ranAllOf } from "./lab/printed.js";
import { scenesOn } from "./lab/scenery.js";

/** As in printed.test.ts; here a MoveTables is there, or what was left of one. */
describe.skipIf(labMissing() !== null)(
  "a MoveTables whose switch is under way or died: what is printed, run as it is printed",
  () => {
    const scene = scenesOn({});

    moveScenes(scene);
    sideScenes(scene);
    phaseScenes(scene);
    ranAllOf("moved");
  },
);
