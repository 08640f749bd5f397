import type { StepOf } from "../../plan/steps/index.js";
import { nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import { qualified } from "../sql.js";
import { stepRunner } from "../step-runner.js";
import { definitionsOf, list, seeTables, type TableSight, writtenInto } from "../tables.js";
import { done, silent } from "../verdict.js";

type Drop = StepOf<"table.drop">;

/** `--purge`: drops the tables, one statement each as Vitess's own cancel does (docs/vitess.md#cancel-order). It replicates. */
export const tableDrop = stepRunner<"table.drop", TableSight>({
  image: definitionsOf,
  look: (step, site) => seeTables(step.tablet, step.dbName, step.tables, null, site.world.reader),
  ended: (step, seen) => (seen.inDatabase.length === 0 ? droppedWords(step) : null),
  guards: { nothingWrites: (step, _seen, site) => writtenInto(step, site) },

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
});

const droppedWords = (step: Drop): string =>
  `${list(step.tables)} do not exist in ${step.dbName} on ${nameOf(step.tablet)}`;
