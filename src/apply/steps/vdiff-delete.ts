import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { done, type Known, known, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";
import { guardTablet } from "../tablet/tablet-guard.js";

type DeleteVDiffs = StepOf<"vdiff.delete">;

/** Deletes the VDiff rows of a workflow, running ones too, by the VDiff RPC (docs/vitess.md#cancel-order). */
export const vdiffDelete = stepRunner<"vdiff.delete", readonly SidecarRow[]>({
  image: vdiffsOf,
  look: vdiffsOf,
  ended: (step, rows) => (rows.length === 0 ? doneWords(step) : null),
  guards: {},

  async run(step, context) {
    const stop = await guardTablet(step.tablet, context);
    if (stop !== null) return stop;
    const reply = await context.ports.writer.deleteVDiffs(step.tablet.address, step.keyspace, step.workflow);
    return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : done(doneWords(step));
  },
});

const doneWords = (step: DeleteVDiffs): string =>
  `${nameOf(step.tablet)} has no VDiff of ${step.keyspace}.${step.workflow}`;

async function vdiffsOf(step: DeleteVDiffs, context: RunContext): Promise<Known<readonly SidecarRow[]>> {
  const rows = await context.ports.reader.rows(step.tablet.address, "vdiffs");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known(rows.value.filter((row) => row.workflow === step.workflow && row.keyspace === step.keyspace));
}
