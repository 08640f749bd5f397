import { expect } from "vitest";
import { deadAfterJournal, revokeLocks } from "./cutover.js";
import type { Lab } from "./lab.js";
import { curedBy, finding, gone, runAdvised, runNext, runPrinted } from "./printed.js";
import { createReshard, running } from "./reshard.js";
import type { Scene } from "./scenery.js";

const RESHARD = ["--workflow", "c2", "--target-keyspace", "customer"];
/** A Reshard of customer/0 to -80 and 80-, whose switch is stopped on its way, and which is cancelled. */
export function switchScenes(scene: Scene): void {
  const stopForCutover = async (lab: Lab) => {
    const stop =
      "update _vt.vreplication set state='Stopped', message='stopped for cutover' where workflow='c2'";
    for (const uid of [200, 300])
      await lab.ctl("LegacyVtctlCommand", "--", "VReplicationExec", `zone1-${uid}`, stop);
  };

  scene("a cancel that something forbids: each way out, until it is forbidden no more", async (given) => {
    const { lab, doctor } = given;
    const where = "src/plan/cancel/switched";
    const refused = async (...flags: string[]) => {
      const said = await doctor.write("cancel", "customer.c2", ...flags, "--yes");
      expect(said.code, said.stdout + said.stderr).toBe(4);
      return said;
    };
    await createReshard(lab, "customer", "c2", ["-80", "80-"]);
    await running(lab, [200, 300]);
    await stopForCutover(lab);
    const start = { more: "--keyspace customer --workflow c2" };
    await runPrinted(doctor, where, await refused(), "vtctldclient Workflow start", start);
    await running(lab, [200, 300]);

    await lab.ctl("SetShardTabletControl", "--disable-query-service", "customer/0", "replica");
    await runPrinted(doctor, where, await refused(), "vtctldclient SetShardTabletControl");
    await lab.ctl("RefreshStateByShard", "customer/0");

    await lab.ctl("Reshard", ...RESHARD, "switchtraffic", "--tablet-types", "replica");
    const back = `${RESHARD.join(" ")} reversetraffic --tablet-types replica,rdonly`;
    await runPrinted(doctor, where, await refused(), "vtctldclient Reshard", { more: back });

    const rules = { rules: [{ from_keyspace: "legacy", to_keyspace: "customer", shard: "-80" }] };
    await lab.ctl("ApplyShardRoutingRules", "--rules", JSON.stringify(rules));
    const led = await refused("--retire-targets", "--unsupervised");
    const none = { more: `--rules '{"rules":[]}'` };
    await runPrinted(
      doctor,
      "src/plan/cancel/types/reshard",
      led,
      "vtctldclient ApplyShardRoutingRules",
      none,
    );
  });

  scene("reads that a living workflow has switched to shards without the tables", async ({ lab, doctor }) => {
    await lab.ctl("Reshard", ...RESHARD, "switchtraffic", "--tablet-types", "replica");
    const renamed = (from: string, to: string) =>
      Promise.all([200, 300].map((uid) => lab.sql(uid, `rename table ${from} to ${to}`, "vt_customer")));
    await renamed("customer", "aside");
    await finding(doctor, "served-shard-without-tables@customer");
    const refused = await doctor.write("fix", "served-shard-without-tables@customer", "--yes");
    await renamed("aside", "customer");
    const back = { values: { switchtraffic: "reversetraffic" }, more: "--tablet-types replica,rdonly" };
    await runPrinted(doctor, "src/plan/guards/moved-traffic", refused, "vtctldclient Reshard", back);
    await gone(doctor, "served-shard-without-tables");
  });

  scene(
    "a switch of writes that died before its journal is taken back, and its workflow cancelled",
    async (given) => {
      const { lab, doctor } = given;
      await lab.ctl("SetShardTabletControl", "--disable-query-service", "customer/0", "primary");
      await lab.ctl("RefreshStateByShard", "customer/0");
      await stopForCutover(lab);
      await curedBy(
        doctor,
        "interrupted-write-switch@customer/0",
        ["vtdoctor fix --dry-run"],
        ["vtctldclient SetShardTabletControl"],
        ["vtctldclient RefreshStateByShard"],
        [
          "vtctldclient LegacyVtctlCommand -- VReplicationExec",
          { values: { "<alias>": "zone1-0000000200" } },
        ],
        [
          "vtctldclient LegacyVtctlCommand -- VReplicationExec",
          { values: { "<alias>": "zone1-0000000300" } },
        ],
        ["vtdoctor cancel", { more: "--yes" }],
      );
      expect(await lab.sql(200, "select count(*) from _vt.vreplication")).toBe("0");
    },
  );
}

/** The same Reshard goes to its end; at the end it is switched, and the source is gone. */
export function endScenes(scene: Scene): void {
  scene("a switch of writes that died after its journal is brought to its end", async ({ lab, doctor }) => {
    await createReshard(lab, "customer", "c2", ["-80", "80-"]);
    await running(lab, [200, 300]);
    await deadAfterJournal(lab);
    await revokeLocks(lab);
    await curedBy(
      doctor,
      "interrupted-write-switch@customer/0",
      ["vtctldclient SetShardTabletControl"],
      ["vtctldclient Reshard"],
    );
    await lab.ctl("Reshard", ...RESHARD, "switchtraffic", "--tablet-types", "replica,rdonly");
  });

  scene("frozen streams whose source was pruned", async ({ lab, doctor }) => {
    await Promise.all([lab.stop("vttablet-100"), lab.stop("vttablet-101")]);
    await lab.ctl("DeleteShards", "--recursive", "--force", "--even-if-serving", "customer/0");
    const said = await finding(doctor, "stream-source-shard-missing@customer/-80/c2/customer/0");
    const all = { more: "--keyspace customer --workflow c2", code: 1 };
    const native = await runAdvised(doctor, said, "vtctldclient Workflow delete", all);
    expect(native.stderr).toContain("node doesn't exist");
    await runNext(doctor, said, { more: "--yes" });
    await gone(doctor, "stream-source-shard-missing");
  });
}
