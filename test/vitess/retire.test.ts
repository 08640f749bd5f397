import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { Lab, labMissing, type Ran, type Version } from "./lab/lab.js";
import { versions, WATCH } from "./lab/long.js";
import { finding, ranAllOf, runAdvised } from "./lab/printed.js";
import { reshardCluster, running } from "./lab/reshard.js";
import { retired, rowsOfTargets } from "./lab/retired.js";

/** S2: orphans that nobody needs leave for good, and whoever starts one again is named. */
describe.skipIf(labMissing() !== null)("S2, retire", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  /** Whose own cancel drops the shards; 21.0.3 deletes the streams first. From 22 on the targets stay (docs/vitess.md#v22-cancel). */
  const dropsShards = (version: Version) => version === "19" || version === "21";

  /** After the cancel that drops the shards, or a person's deletion. */
  async function dropped(version: Version, prepare = async () => {}): Promise<Doctor> {
    lab = await Lab.up({ version });
    await reshardCluster(lab);
    await running(lab, [200, 300]);
    await prepare();
    if (dropsShards(version))
      await lab.ctl("Reshard", "--workflow", "c2", "--target-keyspace", "customer", "cancel");
    else
      await lab.ctl(
        "DeleteShards",
        "--recursive",
        "--force",
        "--even-if-serving",
        "customer/-80",
        "customer/80-",
      );
    return new Doctor(lab);
  }

  const supervised = async () => {
    await lab.supervise(200);
    await running(lab, [200, 300]);
  };

  const retire = (doctor: Doctor, ...args: string[]): Promise<Ran> =>
    doctor.write(
      "fix",
      "shard-missing-live-tablets@customer/-80",
      "shard-missing-live-tablets@customer/80-",
      ...["--orphans", "retire", "--yes", ...args],
    );

  for (const version of versions(["19", "24"]))
    it(`Vitess ${version}: nothing of them is left or comes back, their MySQL is untouched`, async () => {
      const doctor = await dropped(version);
      const rows = await rowsOfTargets(lab);
      const said = await retire(doctor);
      expect(said.code, said.stdout + said.stderr).toBe(4);
      expect(said.stderr).toContain("hooks.stopTablet");
      expect(said.stderr).toContain("--unsupervised");
      const more = `shard-missing-live-tablets@customer/80- --unsupervised ${WATCH.join(" ")} --yes`;
      const begins = "vtdoctor fix shard-missing-live-tablets@customer/-80 --orphans retire";
      if (!dropsShards(version))
        await runAdvised(doctor, await finding(doctor, "shard-missing-live-tablets@customer/-80"), begins, {
          more,
        });
      else {
        const done = await retire(doctor, "--unsupervised", ...WATCH);
        expect(done.code, done.stdout + done.stderr).toBe(0);
      }
      await retired(doctor, rows);
    });

  it("a supervised vttablet that was said to be unsupervised is seen to return, and named", async () => {
    const doctor = await dropped("24", supervised);
    const said = await retire(doctor, "--unsupervised");
    expect(said.code, said.stdout + said.stderr).toBe(6);
    expect(said.stderr).toContain("zone1-0000000200 runs again as REPLICA");
    expect(said.stderr).toContain("/vitess/zone1/tablets/zone1-0000000200/Tablet exists again");
    expect(said.stderr).toContain("/vitess/global/keyspaces/customer/shards/-80/Shard exists again");
    expect(said.stderr).not.toContain("zone1-0000000300 runs again");
  });

  it("a supervised vttablet leaves by the operator's command", async () => {
    const doctor = await dropped("24", supervised);
    const rows = await rowsOfTargets(lab);
    const said = await retire(doctor, ...["--hooks.stopTablet", `${lab.stopProgram()} {alias}`], ...WATCH);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    await retired(doctor, rows);
  });

  it("a command that fails is told, and nothing more is done", async () => {
    const doctor = await dropped("24");
    const said = await retire(
      doctor,
      "--hooks.stopTablet",
      "/bin/sh -c 'echo no such unit >&2; exit 5' {alias}",
    );
    expect(said.code, said.stdout + said.stderr).toBe(4);
    expect(said.stderr).toContain("exit 5: no such unit");
    expect(lab.alive("vttablet-201")).toBe(true);
  });

  ranAllOf("retire");
});
