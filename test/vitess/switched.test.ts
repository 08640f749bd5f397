import { describe } from "vitest";
import { labMissing } from "./lab/lab.js";
import { lockScenes } from "./lab/move-scenes.js";
import { ranAllOf } from "./lab/printed.js";
import { scenesOn } from "./lab/scenery.js";
import { endScenes, switchScenes } from "./lab/switch-scenes.js";

/** As in printed.test.ts; here a Reshard is there, whose traffic is switched, half-way switched or gone. */
describe.skipIf(labMissing() !== null)(
  "a Reshard whose switch is under way or died: what is printed, run as it is printed",
  () => {
    const scene = scenesOn();

    switchScenes(scene);
    endScenes(scene);
    lockScenes(scene);
    ranAllOf("switched");
  },
);
