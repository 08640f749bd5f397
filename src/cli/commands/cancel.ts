import { UsageError } from "../../cluster/errors.js";
import { type Given, vtctldOf } from "../../config/settings.js";
import type { CancelRequest, Stopping } from "../../plan/draft.js";
import { planCancel } from "../../plan/planning.js";
import type { Run } from "../command.js";
import { executorOf } from "../executor.js";
import { stoppingOf } from "../stopping.js";
import { refuseDryRunFlags, write } from "../write.js";

/** The corrected cancel: planned, shown, confirmed, executed, looked at again. */
export const run: Run = async (request) => {
  const { given } = request;
  const [keyspace, workflow] = nameOf(given.text("workflow") ?? "");
  refuseDryRunFlags(request);
  const retire = retireOf(given);
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
        retire,
      };
      return planCancel(snapshot, wanted, context());
    },
  });
};

/** Null: the targets stay. */
function retireOf(given: Given): Stopping | null {
  const unsupervised = given.yes("unsupervised");
  if (!given.yes("retire-targets")) {
    if (unsupervised)
      throw new UsageError(
        "--unsupervised: says how the vttablets of --retire-targets end; give both, or leave it out.",
      );
    return null;
  }
  if (given.choice("keep-data") === true)
    throw new UsageError(
      "--retire-targets: takes the target shards away, and --keep-data keeps them for use with their tables; give one of the two (the MySQL servers of retired targets run on with their data either way).",
    );
  const stopping = stoppingOf(given);
  if (stopping !== null) return stopping;
  throw new UsageError(
    "--retire-targets: ends the vttablets of the targets, and nobody said how; name the command that stops one for good as hooks.stopTablet (config key or flag, like 'systemctl stop vttablet@{alias}'), or give --unsupervised where nothing starts them again.",
  );
}

/** `KEYSPACE.WORKFLOW`, as vtctldclient's legacy commands take it; a workflow's name may have dots, a keyspace's may not. */
function nameOf(text: string): readonly [string, string] {
  const dot = text.indexOf(".");
  if (dot <= 0 || dot === text.length - 1) {
    throw new UsageError(`cancel: "${text}" must be KEYSPACE.WORKFLOW, like customer.c2.`);
  }
  return [text.slice(0, dot), text.slice(dot + 1)];
}
