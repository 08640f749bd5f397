import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { GLOBAL_ETCD, Lab, labMissing, TWO_CELLS } from "./lab/lab.js";
import { reshardCluster } from "./lab/reshard.js";

/** Looking changes nothing, neither in etcd nor in MySQL (docs/decisions.md#p1). */
describe.skipIf(labMissing() !== null)("reading commands", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** etcd's revisions and the GTIDs that every MySQL has executed: any write moves one of them. */
  const world = async () => ({
    revisions: await Promise.all([GLOBAL_ETCD, 22479].map((port) => lab.revision(port))),
    written: await Promise.all(
      [100, 200, 201, 300].map((uid) => lab.sql(uid, "select @@global.gtid_executed")),
    ),
  });

  it("leave etcd's revision and MySQL's executed GTIDs as they are", async () => {
    lab = await Lab.up({ version: "24", cells: TWO_CELLS });
    await reshardCluster(lab, { workflow: null });
    const doctor = new Doctor(lab);
    const snapshot = join(lab.dir, "s.sqlite");
    const before = await world();
    const mysql = ["--mysql-user", "vtdoctor", "--mysql-password-file", lab.file("password", "vtdoctor")];
    const commands = [
      ["scan", ...mysql, "--save-snapshot", snapshot],
      ["scan", "--settle", "1s"],
      ["query", "select * from shard"],
      ["fix", "--all", "--dry-run"],
      ["cancel", "customer.c2", "--missing-ok", "--dry-run"],
    ];
    for (const command of commands) {
      const said = await doctor.run(...command);
      expect(said.code, `${command[0]}: ${said.stderr}${said.stdout}`).toBe(0);
    }
    expect(await world()).toEqual(before);
    expect(
      (await doctor.run("query", "select count(*) as shards from shard", "--snapshot", snapshot)).stdout,
    ).toContain("3");
  });
});
