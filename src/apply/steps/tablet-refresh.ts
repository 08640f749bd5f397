import type { StepOf } from "../../plan/steps/index.js";
import { done, type Effect, READY, type Refused, type Silent, silent } from "../check.js";
import { provenByAnswer, type StepRunner } from "../step-runner.js";
import { differsFrom, nameOf } from "../tablet/identity.js";

type Refresh = StepOf<"tablet.refresh">;

const refresh = provenByAnswer<"tablet.refresh">(async (step, context) => {
  const lost = await context.fence.broken(null);
  if (lost !== null) return lost;
  const stop = await differsFrom(step.tablet, context.ports.reader);
  if (stop !== null) return failed(step, stop);
  const reply = await context.ports.writer.refreshState(step.tablet.address);
  return reply.kind === "unanswered"
    ? failed(step, silent(nameOf(step.tablet), reply))
    : done(`${nameOf(step.tablet)} has read its shard and serving graph again`);
});

/**
 * `RefreshState`: the tablet reads its Shard and SrvKeyspace again, the only way in which a lifted denial reaches it
 * (docs/vitess.md#refresh-state). It publishes nothing. Nothing shows from outside whether it was done, so only an answer proves it.
 */
export const tabletRefresh: StepRunner<"tablet.refresh"> = {
  ...refresh,
  check: async (step, context) => (step.mayFail === true ? READY : refresh.check(step, context)),
};

/** What is said of a tablet that could not be told; whatever rests on it asks it itself. */
const failed = ({ tablet, mayFail }: Refresh, verdict: Refused | Silent): Effect =>
  mayFail === true
    ? done(
        `NOT refreshed: ${verdict.reason}; it goes on as it did until vtctldclient RefreshState ${tablet.alias}`,
      )
    : verdict;
