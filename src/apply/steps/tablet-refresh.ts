import { notCleared } from "../clearance.js";
import { nameOf } from "../identity.js";
import { provenByAnswer } from "../step-runner.js";
import { done, silent } from "../verdict.js";

/**
 * `RefreshState`: the tablet reads its Shard and SrvKeyspace again, the only way in which a lifted denial reaches it
 * (docs/vitess.md#refresh-state). It publishes nothing. Nothing shows from outside whether it was done, so only an answer proves it.
 */
export const tabletRefresh = provenByAnswer<"tablet.refresh">(async (step, site) => {
  const stop = await notCleared(step.tablet, site);
  if (stop !== null) return stop;
  const reply = await site.world.writer.refreshState(step.tablet.address);
  return reply.kind === "unanswered"
    ? silent(nameOf(step.tablet), reply)
    : done(`${nameOf(step.tablet)} has read its shard and serving graph again`);
});
