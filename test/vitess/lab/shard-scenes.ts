import { expect } from "vitest";
import { GLOBAL_ETCD, type Lab } from "./lab.js";
import { dropTargets } from "./locks.js";
import { alsoPrinted, curedBy, finding, gone, runAdvised, runNext, runPrinted } from "./printed.js";
import { createReshard, elect, running } from "./reshard.js";
import type { Scene } from "./scenery.js";

const restart = async (lab: Lab, ...uids: readonly number[]): Promise<void> => {
  await Promise.all(uids.map((uid) => lab.stop(`vttablet-${uid}`)));
  await Promise.all(uids.map((uid) => lab.startVttablet(uid)));
};

/** Targets of a Reshard of customer/0 that were deleted, and come back; the Reshard is not there any more at the end. */
export function targetScenes(scene: Scene): void {
  scene(
    "a deleted target that was restarted with its streams, and one that is not wanted",
    async ({ lab, doctor }) => {
      await createReshard(lab, "customer", "c2", ["-80", "80-"]);
      await running(lab, [200, 300]);
      await lab.ctl("DeleteShards", "--recursive", "--force", "--even-if-serving", "customer/80-");
      await restart(lab, 300);
      const id = "shard-never-had-primary@customer/80-";
      const cleared = await runNext(doctor, await finding(doctor, id), { more: "--yes", code: 1 });
      expect(await lab.sql(300, "select count(*) from _vt.vreplication")).toBe("0");
      await curedBy(doctor, id, ["vtctldclient PlannedReparentShard"]);
      alsoPrinted("src/plan/dropped/returned", cleared, "vtctldclient PlannedReparentShard");
      const cancelled = await doctor.write("cancel", "customer.c2", "--yes");
      expect(cancelled.code, cancelled.stdout + cancelled.stderr).toBe(0);

      const nothing = await doctor.write(
        "cancel",
        "customer.c2",
        "--retire-targets",
        "--unsupervised",
        "--missing-ok",
      );
      await runPrinted(doctor, "src/plan/cancel", nothing, "vtdoctor scan --keyspace");
      const residue = await finding(doctor, "cancelled-workflow-target-residue@customer/80-");
      await lab.stop("vttablet-300");
      await runAdvised(doctor, residue, "vtctldclient DeleteShards");
      await gone(doctor, residue.id);
      await lab.startVttablet(300);
      const unwanted = await finding(doctor, id);
      await lab.stop("vttablet-300");
      await runAdvised(doctor, unwanted, "vtctldclient DeleteShards");
      await gone(doctor, id);
      await lab.startVttablet(300);
      await elect(lab, "customer", "80-", 300);
    },
  );

  scene("a shard that a cancel dropped which names no workflow", async ({ lab, doctor }) => {
    const before = await lab.topologyKeys();
    await dropTargets(lab, { "80-": [300] });
    const nothing = await doctor.write("cancel", "customer.c9", "--missing-ok", "--yes");
    await runPrinted(doctor, "src/plan/cancel", nothing, "vtdoctor fix", { more: "--yes" });
    const record = "/vitess/global/keyspaces/customer/shards/80-/Shard";
    expect((await lab.topologyKeys()).get(record)).toBe(before.get(record));
  });
}

/** moved/0 loses its record while its tablets (400, 401) run. */
export function lostScenes(scene: Scene): void {
  scene("a shard that queries go to, without its record", async ({ lab, doctor }) => {
    const where = "src/plan/dropped/decision";
    await lab.etcdctl(GLOBAL_ETCD, "del", "/vitess/global/keyspaces/moved/shards/0/Shard");
    const id = "shard-missing-live-tablets@moved/0";
    await finding(doctor, id);
    const refused = await doctor.write("fix", id, "--orphans", "retire", "--unsupervised", "--yes");
    await runPrinted(doctor, where, refused, "vtctldclient CreateShard");
    await restart(lab, 400, 401);
    await runPrinted(doctor, where, refused, "vtctldclient PlannedReparentShard", {
      more: "--new-primary zone1-400",
    });
    await lab.ctl("RebuildKeyspaceGraph", "moved");
    await gone(doctor, id);
  });
}
