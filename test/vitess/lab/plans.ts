import { join } from "node:path";
import { expect } from "vitest";
import type { Doctor } from "./doctor.js";

/** `fix --dry-run --out`: the path of the saved plan, which is not empty. */
export async function savedPlan(doctor: Doctor, ...args: string[]): Promise<string> {
  const path = join(doctor.lab.dir, `plan-${Date.now()}.json`);
  const dry = await doctor.write("fix", ...args, "--dry-run", "--out", path);
  expect(dry.code, dry.stderr + dry.stdout).toBe(1);
  return path;
}

/** Plans, reviews nothing, executes: the repair must be done and verified. */
export async function repaired(doctor: Doctor, ...args: string[]): Promise<void> {
  const fixed = await doctor.write(
    "fix",
    "--plan",
    await savedPlan(doctor, ...args),
    "--yes",
    "--format",
    "json",
  );
  expect(fixed.code, fixed.stderr + fixed.stdout).toBe(0);
}

/** The keys that a shard-dropping cancel deletes and its repair must give back byte for byte. */
export const records = (keys: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...keys].filter(([key]) => /\/(Shard|Tablet|ShardReplication)$/.test(key)).sort());
