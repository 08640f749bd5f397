import { RefusedError } from "../cluster/errors.js";
import type { Plan } from "../plan/plan.js";
import { provenToStart } from "./preconditions.js";
import { type ExecuteOptions, Run } from "./run.js";
import type { RunFolder } from "./run-folder.js";
import type { RunResult } from "./run-result.js";
import type { World } from "./world.js";

/**
 * Executes a plan from its beginning: the plan's reads are proven first, then each stage takes its locks, and each step is checked,
 * journaled, run and verified (docs/decisions.md#d13, docs/decisions.md#d15, docs/decisions.md#d20).
 * Throws RefusedError (stale or foreign plan, failed precondition, lock held), IncompleteError (somebody did not answer and nothing was
 * changed) or InterruptedError (stopped part-way; `resume` goes on). Closing the folder is the caller's.
 */
export async function execute(
  plan: Plan,
  world: World,
  folder: RunFolder,
  options: ExecuteOptions,
): Promise<RunResult> {
  if (folder.run !== plan.id) throw new RefusedError(`the folder ${folder.path} belongs to another plan`);
  if (folder.records().length > 0) {
    throw new RefusedError(
      `run ${folder.run} was started before; go on with \`vtdoctor resume ${folder.run}\``,
    );
  }
  await provenToStart(plan, world);
  return new Run(world, folder, options).toTheEnd("started");
}
