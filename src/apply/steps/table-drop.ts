import type { StepOf } from "../../plan/steps/index.js";
import { runDdl } from "../ddl.js";
import { nameOf } from "../identity.js";
import { qualified } from "../sql.js";
import { stepRunner } from "../step-runner.js";
import { definitionsOf, list, seeTables, type TableSight, writtenInto } from "../tables.js";
import { done } from "../verdict.js";

type Drop = StepOf<"table.drop">;

/** `--purge`: drops the tables, one statement each as Vitess's own cancel does (docs/vitess.md#cancel-order). It replicates. */
export const tableDrop = stepRunner<"table.drop", TableSight>({
  image: definitionsOf,
  look: (step, site) => seeTables(step.tablet, step.dbName, step.tables, null, site.world.reader),
  ended: (step, seen) => (seen.inDatabase.length === 0 ? droppedWords(step) : null),
  guards: { nothingWrites: (step, _seen, site) => writtenInto(step, site) },

  async run(step, site) {
    for (const table of step.tables) {
      const { tablet, dbName: database } = step;
      const statement = `drop table if exists ${qualified(database, table)}`;
      const options = { reloadSchema: true, disableForeignKeyChecks: true };
      const stop = await runDdl({ tablet, statement, tables: [{ database, table }], ...options }, site);
      if (stop !== null) return stop;
    }
    return done(droppedWords(step));
  },
});

const droppedWords = (step: Drop): string =>
  `${list(step.tables)} do not exist in ${step.dbName} on ${nameOf(step.tablet)}`;
