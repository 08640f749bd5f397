import type { StepOf } from "../../plan/steps/index.js";
import { runDdl } from "../ddl.js";
import { dropHoldSchema, type Hold, seeHold } from "../hold.js";
import { nameOf } from "../identity.js";
import type { Site } from "../site.js";
import { qualified } from "../sql.js";
import { stepRunner } from "../step-runner.js";
import { list } from "../tables.js";
import { done, type Effect, type Known, known, refused } from "../verdict.js";

type Drop = StepOf<"hold.drop">;

/** Drops what a run holds: the listed tables and nothing else, then the schema. It replicates. */
export const holdDrop = stepRunner<"hold.drop", Hold>({
  image: imageOfHold,
  look: seeHold,
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

  async run(step, site): Promise<Effect> {
    for (const table of step.tables) {
      const { tablet, holdSchema: database } = step;
      const statement = `drop table if exists ${qualified(database, table)}`;
      const options = { reloadSchema: false, disableForeignKeyChecks: true };
      const stop = await runDdl({ tablet, statement, tables: [{ database, table }], ...options }, site);
      if (stop !== null) return stop;
    }
    return (await dropHoldSchema(step, site)) ?? done(goneWords(step));
  },
});

const goneWords = (step: Drop): string => `${step.holdSchema} does not exist on ${nameOf(step.tablet)}`;

async function imageOfHold(step: Drop, site: Site): Promise<Known<unknown>> {
  const seen = await seeHold(step, site);
  return seen.kind === "known" ? known({ schema: step.holdSchema, tables: seen.value }) : seen;
}
