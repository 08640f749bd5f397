import { afterAll, beforeAll, describe } from "vitest";
import { Lab, labMissing } from "./lab/lab.js";
import { ranAllOf } from "./lab/printed.js";
import { recordScenes } from "./lab/record-scenes.js";
import { type Scenery, sceneIn, scenery } from "./lab/scenery.js";
import { lostScenes, targetScenes } from "./lab/shard-scenes.js";

/**
 * Each scene makes a state, takes the commands out of what vtdoctor says of it, runs them in a shell, and the next scan no longer has the
 * finding. One cluster: the scenes follow each other.
 */
describe.skipIf(labMissing() !== null)("what is printed, run as it is printed", () => {
  let lab: Lab;
  let given: Scenery;

  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    given = await scenery(lab);
  });
  afterAll(async () => lab?.down());
  const scene = sceneIn(() => given);

  targetScenes(scene);
  lostScenes(scene);
  recordScenes(scene);
  ranAllOf("printed");
});
