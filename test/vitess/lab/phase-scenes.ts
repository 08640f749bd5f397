import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Lab } from "./lab.js";
import { movedBack, moveTables, named } from "./move-scenes.js";
import { curedBy, finding, gone, runAdvised, shell } from "./printed.js";
import type { Scene } from "./scenery.js";

const onStreams = (lab: Lab, uid: number, statement: string) =>
  lab.ctl("LegacyVtctlCommand", "--", "VReplicationExec", `zone1-${uid}`, statement);

/** Records that do not fit the phase of a workflow, or have none any more; the last one moves the table for good. */
export function phaseScenes(scene: Scene): void {
  scene("both sides of a MoveTables deny its table", async ({ lab, doctor }) => {
    await moveTables(lab, "p1");
    await lab.ctl("SetShardTabletControl", "--denied-tables=customer", "customer/0", "primary");
    await curedBy(
      doctor,
      "denied-tables-both-sides@moved/p1",
      ["vtctldclient SetShardTabletControl --remove", { values: { "<keyspace/shard>": "customer/0" } }],
      ["vtctldclient RefreshStateByShard", { values: { "<keyspace/shard>": "customer/0" } }],
    );
  });

  scene("its routing rules are left, and nothing moves the table", async ({ lab, doctor }) => {
    await lab.ctl("MoveTables", ...named("p1"), "cancel", "--keep-data", "--keep-routing-rules");
    await lab.ctl("SetShardTabletControl", "--remove", "--denied-tables=customer", "moved/0", "primary");
    await lab.ctl("RefreshStateByShard", "moved/0");
    const left = await finding(doctor, "routing-rules-orphan@customer+moved");
    expect(left.severity).toBe("info");
    await runAdvised(doctor, left, "vtctldclient GetRoutingRules");
    writeFileSync(join(shell(doctor), "rules.json"), '{"rules":[]}');
    await runAdvised(doctor, left, "vtctldclient ApplyRoutingRules");
    await gone(doctor, left.id);
    await movedBack(lab);
  });

  scene("reads of replicas are routed to a shard that may not serve them", async ({ lab, doctor }) => {
    await lab.ctl("SetShardTabletControl", "--disable-query-service", "customer/0", "replica");
    await lab.ctl("RefreshStateByShard", "customer/0");
    await curedBy(
      doctor,
      "query-service-disabled-left@zone1/customer/0@REPLICA",
      ["vtctldclient SetShardTabletControl"],
      ["vtctldclient RefreshStateByShard"],
    );
    await curedBy(doctor, "tablet-controls-lingering@zone1/customer", ["vtctldclient RebuildKeyspaceGraph"]);
  });

  scene("a switched workflow is never completed, and then has no way back", async ({ lab, doctor }) => {
    await moveTables(lab, "p2");
    await lab.ctl("MoveTables", ...named("p2"), "switchtraffic");
    const old = "workflow-frozen-leftover@moved/p2";
    await onStreams(
      lab,
      400,
      "update _vt.vreplication set time_updated = time_updated - 700000 where workflow = 'p2'",
    );
    expect((await finding(doctor, old)).severity).toBe("info");
    await onStreams(lab, 100, "delete from _vt.vreplication where workflow = 'p2_reverse'");
    const alone = await finding(doctor, old);
    expect([alone.severity, alone.symptom]).toEqual([
      "warning",
      expect.stringContaining("nothing leads back"),
    ]);
    await runAdvised(doctor, alone, "vtctldclient MoveTables");
    await gone(doctor, old);
    expect((await doctor.scan()).findings.map(({ id }) => id)).toEqual([]);
  });
}
