import { describe } from "vitest";
import { labMissing } from "./lab/lab.js";
import { ranAllOf } from "./lab/printed.js";
import { recordScenes } from "./lab/record-scenes.js";
import { scenesOn } from "./lab/scenery.js";
import { lostScenes, targetScenes } from "./lab/shard-scenes.js";

/**
 * Each scene makes a state, takes the commands out of what vtdoctor says of it, runs them in a shell, and the next scan no longer has the
 * finding. One cluster: the scenes follow each other.
 */
describe.skipIf(labMissing() !== null)("what is printed, run as it is printed", () => {
  const scene = scenesOn();

  targetScenes(scene);
  lostScenes(scene);
  recordScenes(scene);
  ranAllOf("printed");
});
