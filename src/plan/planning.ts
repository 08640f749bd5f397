import type { Finding } from "../findings/finding.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { assemble } from "./assemble.js";
import { cancelRepair } from "./cancel.js";
import { hoistStops, mergeWatches } from "./compose.js";
import type { CancelRequest, Draft, FixRequest, PlanContext } from "./draft.js";
import { fixRepair } from "./fix.js";
import { play } from "./foresight/play.js";
import type { Plan } from "./plan.js";
import { holdSchemaOf } from "./steps/tables.js";

/** From a repair, which names what is to be done, to the plan that says each step, in an order that holds for all of them. Throws as `fixRepair`. */
export const planFix = (
  snapshot: Snapshot,
  findings: readonly Finding[],
  request: FixRequest,
  context: PlanContext,
): Plan => {
  const arranged = (draft: Draft): Draft => mergeWatches(hoistStops(draft));
  const { draft, played } = fixRepair(snapshot, findings, request, (joined) => {
    const { stages } = arranged(joined);
    return play(
      snapshot,
      stages.flatMap(({ steps }) => steps),
      { judge: context.judge, alarms: "refused" },
    );
  });
  const heading = { id: context.ids(), operation: "fix", command: request.command } as const;
  return assemble(snapshot, heading, arranged(draft), context, played);
};

/** Throws as `cancelRepair`. */
export const planCancel = (snapshot: Snapshot, request: CancelRequest, context: PlanContext): Plan => {
  const id = context.ids();
  const draft = mergeWatches(
    hoistStops(cancelRepair(snapshot, request, (database) => holdSchemaOf(id, database))),
  );
  return assemble(snapshot, { id, operation: "cancel", command: request.command }, draft, context);
};
