import { claimFolder } from "../apply/folder-owner.js";
import { followersOf, pastRun, readShelf, type Shelf, shelvedRun } from "../apply/run-shelf.js";
import { RefusedError } from "../cluster/errors.js";
import type { PastRun } from "../plan/past-run.js";
import type { Plan } from "../plan/plan.js";
import type { Request } from "./command.js";
import { ownerOf, runsDirOf } from "./run-dir.js";

export const shelfOf = (request: Request): Shelf => readShelf(runsDirOf(request));

/**
 * The run that the command names, with its folder claimed until `release`: nobody goes on with it meanwhile. A dry run claims nothing.
 * Throws `UsageError` for an unknown run, `RefusedError` where it is being executed.
 */
export function claimPast(request: Request, dryRun: boolean): { readonly past: PastRun; release(): void } {
  const runsDir = runsDirOf(request);
  const shelf = readShelf(runsDir);
  const shelved = shelvedRun(shelf, runsDir, request.given.text("run") ?? "");
  const release = dryRun ? () => {} : claimFolder(shelved.path, ownerOf(request));
  try {
    return { past: pastRun(dryRun ? shelf : readShelf(runsDir), shelved), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** A run that was taken back does not go on: its journal calls done what is undone. Throws `RefusedError`. */
export function refuseTakenBack({ id }: Plan, runsDir: string): void {
  const undo = followersOf(readShelf(runsDir), id).find(({ operation }) => operation === "undo");
  if (undo === undefined) return;
  throw new RefusedError(
    undo.finished
      ? `run ${id} was taken back by run ${undo.run} at ${undo.at}: type its command again instead. Nothing was changed.`
      : `run ${undo.run} began to take run ${id} back: go on with \`vtdoctor resume ${undo.run}\` instead. Nothing was changed.`,
  );
}
