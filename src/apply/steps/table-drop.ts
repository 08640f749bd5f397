import type { StepOf } from "../../plan/steps/index.js";
import { done } from "../check.js";
import { runDdl } from "../mysql/ddl.js";
import { qualified } from "../mysql/sql.js";
import { definitionsOf, list, readTables, type TableState, writtenInto } from "../mysql/tables.js";
import { stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";

type Drop = StepOf<"table.drop">;

/** `--purge`: drops the tables, one statement each as Vitess's own cancel does (docs/vitess.md#cancel-order). It replicates. */
export const tableDrop = stepRunner<"table.drop", TableState>({
  image: definitionsOf,
  look: (step, context) => readTables(step.tablet, step.dbName, step.tables, null, context.ports.reader),
  ended: (step, seen) => (seen.inDatabase.length === 0 ? droppedWords(step) : null),
  guards: { nothingWrites: (step, _seen, context) => writtenInto(step, context) },

  async run(step, context) {
    for (const table of step.tables) {
      const { tablet, dbName: database } = step;
      const statement = `drop table if exists ${qualified(database, table)}`;
      const options = { reloadSchema: true, disableForeignKeyChecks: true };
      const stop = await runDdl({ tablet, statement, tables: [{ database, table }], ...options }, context);
      if (stop !== null) return stop;
    }
    return done(droppedWords(step));
  },
});

const droppedWords = (step: Drop): string =>
  `${list(step.tables)} do not exist in ${step.dbName} on ${nameOf(step.tablet)}`;
