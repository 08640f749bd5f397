import type { StepOf } from "../../plan/steps/index.js";
import { done, type Effect, type Known, known, refused } from "../check.js";
import { runDdl } from "../mysql/ddl.js";
import { qualified } from "../mysql/sql.js";
import { dropHoldSchema, type HoldState, list, readHold } from "../mysql/tables.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";

type Drop = StepOf<"hold.drop">;

/** Drops what a run holds: the listed tables and nothing else, then the schema. It replicates. */
export const holdDrop = stepRunner<"hold.drop", HoldState>({
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
    for (const table of step.tables) {
      const { tablet, holdSchema: database } = step;
      const statement = `drop table if exists ${qualified(database, table)}`;
      const options = { reloadSchema: false, disableForeignKeyChecks: true };
      const stop = await runDdl({ tablet, statement, tables: [{ database, table }], ...options }, context);
      if (stop !== null) return stop;
    }
    return (await dropHoldSchema(step, context)) ?? done(goneWords(step));
  },
});

const goneWords = (step: Drop): string => `${step.holdSchema} does not exist on ${nameOf(step.tablet)}`;

async function imageOfHold(step: Drop, context: RunContext): Promise<Known<unknown>> {
  const seen = await readHold(step, context);
  return seen.kind === "known" ? known({ schema: step.holdSchema, tables: seen.value }) : seen;
}
