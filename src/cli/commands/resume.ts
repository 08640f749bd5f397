import { conclude } from "../carry-out.js";
import type { Run } from "../command.js";
import { siteOf } from "../site.js";

/** Goes on with a run that was stopped or killed, then looks at the cluster again. */
export const run: Run = async (request) => {
  const site = siteOf(request);
  const { plan, toTheEnd } = site.open(request.given.text("run") ?? "");
  return conclude(plan, null, toTheEnd, site, request);
};
