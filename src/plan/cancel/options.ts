import { UsageError } from "../../cluster/errors.js";
import type { CancelRequest } from "../context.js";

/** Throws `UsageError` where two options contradict each other. */
export const checkOptions = (request: CancelRequest): void => {
  if (request.purge && request.keepData === true)
    throw new UsageError("--purge drops the copied tables and --keep-data keeps them: give one of the two");
  if (request.restoreSecondaryKeys && request.keepData !== true)
    throw new UsageError("--restore-secondary-keys works on the tables that --keep-data keeps: give both");
};

/** A materialized table is often used for itself, so it only goes when that is said. */
export const keepsData = (request: CancelRequest, kind: string): boolean =>
  request.keepData ?? (kind === "Materialize" && !request.purge);
