import { UsageError } from "../../cluster/errors.js";
import { vtctldOf } from "../../config/settings.js";
import type { CancelRequest } from "../../plan/draft.js";
import { planCancel } from "../../plan/planning.js";
import type { Run } from "../command.js";
import { executorOf } from "../executor.js";
import { refuseDryRunFlags, write } from "../write.js";

/** The corrected cancel: planned, shown, confirmed, executed, looked at again. */
export const run: Run = async (request) => {
  const { given } = request;
  const [keyspace, workflow] = nameOf(given.text("workflow") ?? "");
  refuseDryRunFlags(request);
  return write(request, executorOf(request), {
    review: "named",
    mindsNew: true,
    plan: async ({ snapshot, asked, context }) => {
      const wanted: CancelRequest = {
        ...(await asked()),
        keyspace,
        workflow,
        missingOk: given.yes("missing-ok"),
        keepData: given.choice("keep-data") ?? null,
        keepRoutingRules: given.yes("keep-routing-rules"),
        purge: given.yes("purge"),
        vtctld: vtctldOf(given)?.address ?? null,
        restoreSecondaryKeys: given.yes("restore-secondary-keys"),
      };
      return planCancel(snapshot, wanted, context());
    },
  });
};

/** `KEYSPACE.WORKFLOW`, as vtctldclient's legacy commands take it; a workflow's name may have dots, a keyspace's may not. */
function nameOf(text: string): readonly [string, string] {
  const dot = text.indexOf(".");
  if (dot <= 0 || dot === text.length - 1) {
    throw new UsageError(`cancel: "${text}" must be KEYSPACE.WORKFLOW, like customer.c2.`);
  }
  return [text.slice(0, dot), text.slice(dot + 1)];
}
