import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { done, type Known, known, refused, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";
import { guardTablet } from "../tablet/tablet-guard.js";

type Delete = StepOf<"journal.delete">;

/**
 * Deletes one row of `_vt.resharding_journal` through `VReplicationExec`, which takes statements on that table
 * (vreplication/controller_plan.go `reshardingJournalQuery`, v19 to v24); nothing in Vitess ever does (docs/vitess.md#journals-stay).
 */
export const journalDelete = stepRunner<"journal.delete", readonly SidecarRow[]>({
  image: rowsOf,
  look: rowsOf,
  ended: (step, rows) => (rows.length === 0 ? doneWords(step) : null),
  guards: {
    sameRow: (step, rows) =>
      rows.every((row) => row.val === step.val && row.db_name === step.dbName)
        ? null
        : refused(`the journal ${step.journal} of ${nameOf(step.tablet)} is another one than in the plan`),
  },

  async run(step, context) {
    if (!/^\d+$/.test(step.journal)) return refused(`${step.journal} is no journal id`);
    const stop = await guardTablet(step.tablet, context);
    if (stop !== null) return stop;
    const statement = `delete from _vt.resharding_journal where id=${step.journal}`;
    const reply = await context.ports.writer.vreplicationExec(step.tablet.address, statement);
    return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : done(doneWords(step));
  },
});

const doneWords = (step: Delete): string => `${nameOf(step.tablet)} has no journal ${step.journal}`;

async function rowsOf(step: Delete, context: RunContext): Promise<Known<readonly SidecarRow[]>> {
  const rows = await context.ports.reader.rows(step.tablet.address, "journals");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known(rows.value.filter((row) => row.id === step.journal));
}
