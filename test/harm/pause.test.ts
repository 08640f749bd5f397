import { expect, test } from "vitest";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";

const TARGET = "zone1-0000000400";
const LOCKS = ["internal/named_locks/moved/c2", "keyspaces/moved", "keyspaces/customer"];

test("a pause between the proof of the locks and the RENAME, in which the workflow is switched, moves no table", async () => {
  const cluster = moving.build();
  const { etcd } = cluster.topology.global;
  let armed = false;
  const pause = (): void => {
    armed = false;
    for (const place of LOCKS)
      for (const { lease } of etcd.range(`/vitess/global/${place}/locks/`))
        if (lease !== "0") etcd.revoke(lease);
    cluster
      .tablet(TARGET)
      .engine.exec(
        "update _vt.vreplication set state='Running', message='' where db_name='vt_moved' and workflow='c2'",
      );
    cluster.run(moveTablesSwitch(cluster, "moved", "c2"));
  };
  // The last question before the statement that any version of the tool asks its target.
  const identity = cluster.reader.identity.bind(cluster.reader);
  let asked = 0;
  cluster.reader.identity = async (at) => {
    const answer = await identity(at);
    if (armed && answer.kind === "answered" && answer.value.alias === TARGET && ++asked === PAUSE_AT) pause();
    return answer;
  };
  const said = await operatorAt(cluster).write("cancel moved.c2 --yes", {
    onNote: (line) => {
      if (line.includes("stream.verify-stopped")) armed = true;
    },
  });
  expect(asked).toBeGreaterThanOrEqual(PAUSE_AT);
  expect([said.code, said.err]).toEqual([5, expect.stringContaining("was lost")]);
  expect([...(cluster.tablet(TARGET).mysql.data.databases.get("vt_moved")?.keys() ?? [])]).toContain(
    "customer",
  );
});

/** The check of the step asks, and the statements `create database` and `rename table`. */
const PAUSE_AT = 3;
