import type { StepOf } from "../../plan/steps/index.js";
import { differsFrom, nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import type { Site } from "../site.js";
import { qualified } from "../sql.js";
import type { StepRunner } from "../step-runner.js";
import { definitionsOf, list, seeTables } from "../tables.js";
import { type Check, done, doneAlready, READY, silent } from "../verdict.js";

type Drop = StepOf<"table.drop">;

/** `--purge`: drops the tables, one statement each as Vitess's own cancel does (docs/vitess.md#cancel-order). It replicates. */
export const tableDrop: StepRunner<"table.drop"> = {
  image: definitionsOf,
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

  async run(step, site) {
    for (const table of step.tables) {
      const stop = await notClearedAsPrimary(step.tablet, site);
      if (stop !== null) return stop;
      const reply = await site.world.writer.executeAsDba(
        step.tablet.address,
        `drop table if exists ${qualified(step.dbName, table)}`,
        { reloadSchema: true, disableForeignKeyChecks: true },
      );
      if (reply.kind === "unanswered")
        return silent(`${nameOf(step.tablet)}, asked to drop ${table},`, reply);
    }
    return done(droppedWords(step));
  },

  verify: judge,
};

const droppedWords = (step: Drop): string =>
  `${list(step.tables)} do not exist in ${step.dbName} on ${nameOf(step.tablet)}`;

async function judge(step: Drop, site: Site): Promise<Check> {
  const seen = await seeTables(step.tablet, step.dbName, step.tables, null, site.world.reader);
  if (seen.kind !== "known") return seen;
  return seen.value.inDatabase.length === 0 ? doneAlready(droppedWords(step)) : READY;
}
