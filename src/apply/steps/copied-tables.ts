import type { StepOf } from "../../plan/steps/index.js";
import { done, type Effect, type Known, known, refused } from "../check.js";
import { type Ddl, runDdl } from "../mysql/ddl.js";
import { qualified, sqlName } from "../mysql/sql.js";
import {
  definitionsOf,
  dropHoldSchema,
  type HoldState,
  list,
  readHold,
  readTables,
  type TableState,
  writtenInto,
} from "../mysql/tables.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";

type TableHold = StepOf<"table.hold">;

/**
 * Moves the copied tables into a schema of ours in one `RENAME TABLE` (docs/decisions.md#d18; docs/vitess.md#held-tables): all of them or
 * none, with their foreign keys and constraints, and out of reach of Vitess's table garbage collection. It replicates.
 */
const tableHold = stepRunner<"table.hold", TableState>({
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

const holdStatements = (step: TableHold): readonly Pick<Ddl, "statement" | "tables">[] => [
  { statement: `create database if not exists ${sqlName(step.holdSchema)}`, tables: [] },
  {
    statement: `rename table ${step.tables.map((table) => `${qualified(step.dbName, table)} to ${qualified(step.holdSchema, table)}`).join(", ")}`,
    tables: step.tables.map((table) => ({ database: step.dbName, table })),
  },
];

const heldWords = (step: TableHold): string =>
  `${nameOf(step.tablet)} holds ${list(step.tables)} in ${step.holdSchema}${step.views.length === 0 ? "" : `; the views ${list(step.views)} stay behind and are broken until the tables are back`}`;

function scattered(step: TableHold, { held, inDatabase }: TableState): Broken {
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

type TableReturn = StepOf<"table.return">;

/** Moves held tables back in one `RENAME TABLE`: all of them or none. Never over a table that exists. */
const tableReturn = stepRunner<"table.return", ToReturn>({
  image: definitionsOf,
  look: lookToReturn,
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

const renameBack = (step: TableReturn): string =>
  `rename table ${step.tables.map((table) => `${qualified(step.holdSchema, table)} to ${qualified(step.dbName, table)}`).join(", ")}`;

const backWords = (step: TableReturn): string =>
  `${nameOf(step.tablet)} has ${list(step.tables)} in ${step.dbName} again${step.views.length === 0 ? "" : `, and the views ${list(step.views)} with them`}`;

interface ToReturn {
  readonly held: readonly string[];
  readonly there: readonly string[];
  readonly hold: HoldState;
}

async function lookToReturn(step: TableReturn, context: RunContext): Promise<Known<ToReturn>> {
  const { tablet, dbName, tables, holdSchema } = step;
  const seen = await readTables(tablet, dbName, tables, holdSchema, context.ports.reader);
  if (seen.kind !== "known") return seen;
  const hold = await readHold(step, context);
  if (hold.kind !== "known") return hold;
  const there = seen.value.inDatabase.map((table) => table.name);
  return known({ held: seen.value.held, there, hold: hold.value });
}

type TableDrop = StepOf<"table.drop">;

/** `--purge`: drops the tables, one statement each as Vitess's own cancel does (docs/vitess.md#cancel-order). It replicates. */
const tableDrop = stepRunner<"table.drop", TableState>({
  image: definitionsOf,
  look: (step, context) => readTables(step.tablet, step.dbName, step.tables, null, context.ports.reader),
  ended: (step, seen) => (seen.inDatabase.length === 0 ? droppedWords(step) : null),
  guards: { nothingWrites: (step, _seen, context) => writtenInto(step, context) },

  async run(step, context) {
    return (await dropEach(step, step.dbName, true, context)) ?? done(droppedWords(step));
  },
});

const droppedWords = (step: TableDrop): string =>
  `${list(step.tables)} do not exist in ${step.dbName} on ${nameOf(step.tablet)}`;

type HoldDrop = StepOf<"hold.drop">;

/** Drops what a run holds: the listed tables and nothing else, then the schema. It replicates. */
const holdDrop = stepRunner<"hold.drop", HoldState>({
  image: imageOfHold,
  look: readHold,
  ended: (step, seen) => (seen === "absent" ? goneWords(step) : null),
  guards: {
    nothingElse: (step, seen) => {
      const others = typeof seen === "string" ? [] : seen.filter((table) => !step.tables.includes(table));
      return others.length === 0
        ? null
        : refused(
            `${step.holdSchema} on ${nameOf(step.tablet)} also has ${list(others)}, which is not in the plan; plan anew`,
          );
    },
  },

  async run(step, context): Promise<Effect> {
    const stop = await dropEach(step, step.holdSchema, false, context);
    return stop ?? (await dropHoldSchema(step, context)) ?? done(goneWords(step));
  },
});

const goneWords = (step: HoldDrop): string => `${step.holdSchema} does not exist on ${nameOf(step.tablet)}`;

async function imageOfHold(step: HoldDrop, context: RunContext): Promise<Known<unknown>> {
  const seen = await readHold(step, context);
  return seen.kind === "known" ? known({ schema: step.holdSchema, tables: seen.value }) : seen;
}

/** Null: all are gone. */
async function dropEach(
  { tablet, tables }: TableDrop | HoldDrop,
  database: string,
  reloadSchema: boolean,
  context: RunContext,
) {
  for (const table of tables) {
    const statement = `drop table if exists ${qualified(database, table)}`;
    const options = { reloadSchema, disableForeignKeyChecks: true };
    const stop = await runDdl({ tablet, statement, tables: [{ database, table }], ...options }, context);
    if (stop !== null) return stop;
  }
  return null;
}

export const copiedTableRunners = {
  "table.hold": tableHold,
  "table.return": tableReturn,
  "table.drop": tableDrop,
  "hold.drop": holdDrop,
};
