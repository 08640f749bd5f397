import { expect } from "vitest";
import { type Doctor, ids } from "./doctor.js";
import type { Lab } from "./lab.js";

/** The targets of `reshardCluster`: -80 of 200 and 201, 80- of 300. */
const TARGETS = [200, 201, 300] as const;

export const rowsOfTargets = (lab: Lab): Promise<readonly string[]> =>
  Promise.all(TARGETS.map((uid) => lab.sql(uid, "select count(*) from customer", "vt_customer")));

/** Their processes are gone, their MySQL runs, and neither topology nor a scan knows of them. */
export async function retired(doctor: Doctor, rows: readonly string[]): Promise<void> {
  const { lab } = doctor;
  for (const uid of TARGETS) expect(lab.alive(`vttablet-${uid}`), `vttablet ${uid}`).toBe(false);
  expect(await rowsOfTargets(lab)).toEqual(rows);
  for (const uid of [200, 300]) expect(await lab.sql(uid, "select count(*) from _vt.vreplication")).toBe("0");
  const keys = [...(await lab.topologyKeys()).keys()];
  expect(keys.filter((key) => /-80|80-|zone1-0000000[23]/.test(key))).toEqual([]);
  const after = await doctor.scan();
  expect(after.code, JSON.stringify(after.findings, null, 1)).toBe(0);
  expect(ids(after)).toEqual([]);
  await lab.ctl("GetWorkflows", "customer");
}
