import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { notCleared } from "../clearance.js";
import { differsFrom, nameOf } from "../identity.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, type Known, known, READY, refused, silent } from "../verdict.js";

type Delete = StepOf<"journal.delete">;

/**
 * Deletes one row of `_vt.resharding_journal` through `VReplicationExec`, which takes statements on that table
 * (vreplication/controller_plan.go `reshardingJournalQuery`, v19 to v24); nothing in Vitess ever does (docs/vitess.md#journals-stay).
 */
export const journalDelete: StepRunner<"journal.delete"> = {
  image: rowsOf,
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

  async run(step, site) {
    if (!/^\d+$/.test(step.journal)) return refused(`${step.journal} is no journal id`);
    const stop = await notCleared(step.tablet, site);
    if (stop !== null) return stop;
    const statement = `delete from _vt.resharding_journal where id=${step.journal}`;
    const reply = await site.world.writer.vreplicationExec(step.tablet.address, statement);
    return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : done(doneWords(step));
  },

  verify: judge,
};

const doneWords = (step: Delete): string => `${nameOf(step.tablet)} has no journal ${step.journal}`;

async function judge(step: Delete, site: Site): Promise<Check> {
  const rows = await rowsOf(step, site);
  if (rows.kind !== "known") return rows;
  const [row] = rows.value;
  if (row === undefined) return doneAlready(doneWords(step));
  return row.val === step.val && row.db_name === step.dbName
    ? READY
    : refused(`the journal ${step.journal} of ${nameOf(step.tablet)} is another one than in the plan`);
}

async function rowsOf(step: Delete, site: Site): Promise<Known<readonly SidecarRow[]>> {
  const rows = await site.world.reader.rows(step.tablet.address, "journals");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known(rows.value.filter((row) => row.id === step.journal));
}
