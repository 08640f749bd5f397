import { compare, conclude } from "../carry-out.js";
import type { Run } from "../command.js";
import { realSite } from "../real-site.js";

/** Goes on with a run that was stopped or killed, then looks at the cluster again. */
export const run: Run = async (request) => {
  const site = realSite(request);
  const { plan, result } = await site.resume(request.given.text("run") ?? "");
  const after = await site.rescan();
  const before = after.map(({ id }) => id);
  return conclude(plan, result, compare(plan, before, after), request);
};
