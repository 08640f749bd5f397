import { carryOut } from "../carry-out.js";
import type { Run } from "../command.js";
import { executorOf } from "../executor.js";

/** Goes on with a run that was stopped or killed: shows what is left of it, asks, executes, and then looks at the cluster again. */
export const run: Run = async (request) => {
  const executor = executorOf(request);
  const work = executor.open(request.given.text("run") ?? "");
  return carryOut(work, { review: "begun", before: null }, executor, request);
};
