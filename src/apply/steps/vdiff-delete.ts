import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { notCleared } from "../clearance.js";
import { nameOf } from "../identity.js";
import type { Site } from "../site.js";
import { stepRunner } from "../step-runner.js";
import { done, type Known, known, silent } from "../verdict.js";

type DeleteVDiffs = StepOf<"vdiff.delete">;

/** Deletes the VDiff rows of a workflow, running ones too, by the VDiff RPC (docs/vitess.md#cancel-order). */
export const vdiffDelete = stepRunner<"vdiff.delete", readonly SidecarRow[]>({
  image: vdiffsOf,
  look: vdiffsOf,
  ended: (step, rows) => (rows.length === 0 ? doneWords(step) : null),
  guards: {},

  async run(step, site) {
    const stop = await notCleared(step.tablet, site);
    if (stop !== null) return stop;
    const reply = await site.world.writer.deleteVDiffs(step.tablet.address, step.keyspace, step.workflow);
    return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : done(doneWords(step));
  },
});

const doneWords = (step: DeleteVDiffs): string =>
  `${nameOf(step.tablet)} has no VDiff of ${step.keyspace}.${step.workflow}`;

async function vdiffsOf(step: DeleteVDiffs, site: Site): Promise<Known<readonly SidecarRow[]>> {
  const rows = await site.world.reader.rows(step.tablet.address, "vdiffs");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known(rows.value.filter((row) => row.workflow === step.workflow && row.keyspace === step.keyspace));
}
