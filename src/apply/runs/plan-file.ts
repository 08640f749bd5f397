import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { RefusedError, UsageError } from "../../cluster/errors.js";
import { fingerprintOf } from "../../plan/fingerprint.js";
import type { Plan } from "../../plan/plan.js";
import { parsePlan, savedPlan } from "../../plan/saved-plan.js";
import { syncDirectory, writeWhole } from "./disk.js";
import type { JournalRecord } from "./journal.js";

/**
 * Writes a plan for a person to review: whole or not at all, and on disk when it returns. Readable by its owner alone, because row
 * images are in it. Throws `UsageError` where the file can not be written.
 */
export const writePlan = (path: string, plan: Plan): void => {
  const temporary = `${path}.${plan.id}.tmp`;
  try {
    writeWhole(path, savedPlan(plan), temporary);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UsageError(`the plan can not be written to ${path}: ${wordsOf(error)}`);
  }
};

/** Throws `UsageError` for a file that is unreadable or says nothing of its SHA-256, and as `parsePlan`. */
export const readPlan = (path: string): Plan => {
  const { plan, sha256 } = parsePlan(path, read(path));
  if (sha256 === undefined)
    throw new UsageError(
      `the plan ${path} has no sha256, so whether it is what was reviewed can not be known: make a new one with \`${plan.command}\``,
    );
  return plan;
};

export const planIn = (folder: string): string => join(folder, "plan.json");

/** The plan of a run's folder. Throws `UsageError` for a damaged one, `RefusedError` for another than the run was begun with. */
export function planOfRun(folder: string, records: readonly JournalRecord[]): Plan {
  // Earlier ones have no `sha256`, and can still be taken back.
  const { plan } = parsePlan(planIn(folder), read(planIn(folder)));
  const has = fingerprintOf(plan);
  for (const record of records) {
    const began = record.kind === "started" || record.kind === "resumed" ? record.sha256 : undefined;
    if (began !== undefined && began !== has)
      throw new RefusedError(
        `${planIn(folder)} is not the plan that run ${plan.id} was begun with (its journal says sha256 ${began}, and it has ${has}); put it back from a backup of the run's folder. Nothing was changed.`,
      );
  }
  return plan;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`the plan ${path} can not be read: ${wordsOf(error)}`);
  }
};

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
