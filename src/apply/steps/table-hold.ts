import type { StepOf } from "../../plan/steps/index.js";
import { done, refused } from "../check.js";
import { type Ddl, runDdl } from "../mysql/ddl.js";
import { qualified, sqlName } from "../mysql/sql.js";
import { definitionsOf, list, readTables, type TableState, writtenInto } from "../mysql/tables.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";

type Hold = StepOf<"table.hold">;

/**
 * Moves the copied tables into a schema of ours in one `RENAME TABLE` (docs/decisions.md#d18; docs/vitess.md#held-tables): all of them or
 * none, with their foreign keys and constraints, and out of reach of Vitess's table garbage collection. It replicates.
 */
export const tableHold = stepRunner<"table.hold", TableState>({
  image: definitionsOf,
  look: (step, context) =>
    readTables(step.tablet, step.dbName, step.tables, step.holdSchema, context.ports.reader),
  ended: (step, { held, inDatabase }) =>
    held.length === step.tables.length && inDatabase.length === 0 ? heldWords(step) : null,
  guards: {
    allThere: scattered,
    nothingWrites: (step, _seen, context) => writtenInto(step, context),
    noTriggers: (step, { triggered }) =>
      triggered.length === 0
        ? null
        : refused(
            `${list(triggered)} on ${nameOf(step.tablet)} has triggers, which MySQL does not move to another schema; drop them or use --keep-data`,
          ),
  },

  async run(step, context) {
    for (const ddl of holdStatements(step)) {
      const options = { reloadSchema: true, disableForeignKeyChecks: false };
      const stop = await runDdl({ tablet: step.tablet, ...ddl, ...options }, context);
      if (stop !== null) return stop;
    }
    return done(heldWords(step));
  },
});

const holdStatements = (step: Hold): readonly Pick<Ddl, "statement" | "tables">[] => [
  { statement: `create database if not exists ${sqlName(step.holdSchema)}`, tables: [] },
  {
    statement: `rename table ${step.tables.map((table) => `${qualified(step.dbName, table)} to ${qualified(step.holdSchema, table)}`).join(", ")}`,
    tables: step.tables.map((table) => ({ database: step.dbName, table })),
  },
];

const heldWords = (step: Hold): string =>
  `${nameOf(step.tablet)} holds ${list(step.tables)} in ${step.holdSchema}${step.views.length === 0 ? "" : `; the views ${list(step.views)} stay behind and are broken until the tables are back`}`;

function scattered(step: Hold, { held, inDatabase }: TableState): Broken {
  const there = inDatabase.map((table) => table.name);
  if (held.length > 0) {
    return refused(
      `${nameOf(step.tablet)} has ${list(held)} in ${step.holdSchema} but ${list(there)} in ${step.dbName}: somebody else moves tables there`,
    );
  }
  const missing = step.tables.filter((table) => !there.includes(table));
  return missing.length === 0
    ? null
    : refused(
        `${list(missing)} is gone from ${step.dbName} on ${nameOf(step.tablet)} since the plan was made`,
      );
}
