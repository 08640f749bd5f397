import type { StepOf } from "../../plan/steps/index.js";
import { done, type Effect, type Known, known, refused } from "../check.js";
import { runDdl } from "../mysql/ddl.js";
import { qualified } from "../mysql/sql.js";
import {
  definitionsOf,
  dropHoldSchema,
  type HoldState,
  list,
  readHold,
  readTables,
} from "../mysql/tables.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";

type Return = StepOf<"table.return">;

/** Moves held tables back in one `RENAME TABLE`: all of them or none. Never over a table that exists. */
export const tableReturn = stepRunner<"table.return", Seen>({
  image: definitionsOf,
  look,
  ended: (step, { held, there, hold }) =>
    held.length === 0 && there.length === step.tables.length && hold !== "empty" ? backWords(step) : null,
  guards: {
    nameFree: (step, { held, there }) =>
      there.length === 0 || (held.length === 0 && there.length === step.tables.length)
        ? null
        : refused(
            `${list(there)} exists in ${step.dbName} on ${nameOf(step.tablet)}: somebody made it since; both stay as they are`,
          ),
    held: (step, { held, there }) => {
      const gone = step.tables.filter((table) => !held.includes(table) && !there.includes(table));
      return gone.length === 0
        ? null
        : refused(
            `${list(gone)} is neither in ${step.holdSchema} nor in ${step.dbName} on ${nameOf(step.tablet)}`,
          );
    },
  },

  async run(step, context): Promise<Effect> {
    const seen = await readTables(
      step.tablet,
      step.dbName,
      step.tables,
      step.holdSchema,
      context.ports.reader,
    );
    if (seen.kind !== "known") return seen;
    if (seen.value.held.length > 0) {
      const tables = step.tables.map((table) => ({ database: step.holdSchema, table }));
      const options = { reloadSchema: true, disableForeignKeyChecks: false };
      const { tablet } = step;
      const stop = await runDdl({ tablet, statement: renameBack(step), tables, ...options }, context);
      if (stop !== null) return stop;
    }
    return (await dropHoldSchema(step, context)) ?? done(backWords(step));
  },
});

const renameBack = (step: Return): string =>
  `rename table ${step.tables.map((table) => `${qualified(step.holdSchema, table)} to ${qualified(step.dbName, table)}`).join(", ")}`;

const backWords = (step: Return): string =>
  `${nameOf(step.tablet)} has ${list(step.tables)} in ${step.dbName} again${step.views.length === 0 ? "" : `, and the views ${list(step.views)} with them`}`;

interface Seen {
  readonly held: readonly string[];
  readonly there: readonly string[];
  readonly hold: HoldState;
}

async function look(step: Return, context: RunContext): Promise<Known<Seen>> {
  const { tablet, dbName, tables, holdSchema } = step;
  const seen = await readTables(tablet, dbName, tables, holdSchema, context.ports.reader);
  if (seen.kind !== "known") return seen;
  const hold = await readHold(step, context);
  if (hold.kind !== "known") return hold;
  const there = seen.value.inDatabase.map((table) => table.name);
  return known({ held: seen.value.held, there, hold: hold.value });
}
