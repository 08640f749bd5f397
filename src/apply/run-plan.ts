import { join } from "node:path";
import { RefusedError } from "../cluster/errors.js";
import { readRunPlan } from "../plan/file.js";
import { fingerprintOf } from "../plan/fingerprint.js";
import type { Plan } from "../plan/plan.js";
import type { JournalRecord } from "./journal.js";

export const planIn = (folder: string): string => join(folder, "plan.json");

/** The plan of a run's folder. Throws `UsageError` for a damaged one, `RefusedError` for another than the run was begun with. */
export function planOfRun(folder: string, records: readonly JournalRecord[]): Plan {
  const plan = readRunPlan(planIn(folder));
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
