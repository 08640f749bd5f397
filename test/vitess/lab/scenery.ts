import { afterAll, beforeAll, it } from "vitest";
import { Doctor } from "./doctor.js";
import { Lab } from "./lab.js";
import { grantLease, type Lease } from "./locks.js";
import { type ReshardOptions, reshardCluster } from "./reshard.js";

/** What the scenes of printed.test.ts share: one cluster, which each leaves as it found it unless its name says otherwise. */
interface Scenery {
  readonly lab: Lab;
  readonly doctor: Doctor;
  /** The VSchema of customer. */
  readonly vschema: Vschema;
  /** Of etcd, for a day, granted before the cluster was made: a lock is as old as its lease. */
  readonly leases: readonly Lease[];
}

export interface Vschema {
  readonly vindexes: Readonly<Record<string, object>>;
  readonly tables: Readonly<Record<string, object>>;
}

export type Scene = (name: string, play: (given: Scenery) => Promise<unknown>) => void;

/** Scenes of one cluster of the newest Vitess, which follow each other; call it inside of `describe`. */
export function scenesOn(targets?: ReshardOptions["targets"]): Scene {
  let lab: Lab;
  let given: Scenery;
  beforeAll(async () => {
    lab = await Lab.up({ version: "24" });
    given = await scenery(lab, targets);
  });
  afterAll(async () => lab?.down());
  return (name, play) =>
    it(name, async () => {
      await play(given);
    });
}

/** customer/0 (100, 101) with the targets -80 (200) and 80- (300), or others, and moved/0 (400, 401); no workflow. */
async function scenery(
  lab: Lab,
  targets: ReshardOptions["targets"] = { "-80": [200], "80-": [300] },
): Promise<Scenery> {
  const leases = [await grantLease(lab), await grantLease(lab)];
  await reshardCluster(lab, { workflow: null, targets, rows: 20 });
  await lab.ctl("CreateKeyspace", "--durability-policy", "none", "moved");
  await Promise.all([
    lab.tablet(101, "customer", "0"),
    lab.tablet(400, "moved", "0"),
    lab.tablet(401, "moved", "0"),
  ]);
  await lab.ctl("PlannedReparentShard", "moved/0", "--new-primary", "zone1-400");
  await lab.ctl("ApplyVSchema", "--vschema", '{"tables":{}}', "moved");
  await lab.ctl("RebuildKeyspaceGraph", "moved");
  return {
    lab,
    doctor: new Doctor(lab),
    vschema: JSON.parse(await lab.ctl("GetVSchema", "customer")),
    leases,
  };
}
