import { it } from "vitest";
import type { Doctor } from "./doctor.js";
import type { Lab } from "./lab.js";
import { reshardCluster } from "./reshard.js";

/** What the scenes of printed.test.ts share: one cluster, which each leaves as it found it unless its name says otherwise. */
export interface Scenery {
  readonly lab: Lab;
  readonly doctor: Doctor;
  /** The VSchema of customer. */
  readonly vschema: Vschema;
}

export interface Vschema {
  readonly vindexes: Readonly<Record<string, object>>;
  readonly tables: Readonly<Record<string, object>>;
}

export type Scene = (name: string, play: (given: Scenery) => Promise<unknown>) => void;

export const sceneIn =
  (given: () => Scenery): Scene =>
  (name, play) =>
    it(name, async () => {
      await play(given());
    });

/** customer/0 (100, 101) with the targets -80 (200) and 80- (300), and moved/0 (400, 401); no workflow. */
export async function scenery(lab: Lab): Promise<void> {
  await reshardCluster(lab, { workflow: null, targets: { "-80": [200], "80-": [300] }, rows: 20 });
  await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
  await Promise.all([
    lab.tablet(101, "customer", "0"),
    lab.tablet(400, "moved", "0"),
    lab.tablet(401, "moved", "0"),
  ]);
  await lab.ctl("PlannedReparentShard", "moved/0", "--new-primary", "zone1-400");
  await lab.ctl("ApplyVSchema", "--vschema", '{"tables":{}}', "moved");
  await lab.ctl("RebuildKeyspaceGraph", "moved");
}
