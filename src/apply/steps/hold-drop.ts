import type { StepOf } from "../../plan/steps/index.js";
import { dropHoldSchema, type Hold, seeHold } from "../hold.js";
import { nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import type { Site } from "../site.js";
import { qualified } from "../sql.js";
import { stepRunner } from "../step-runner.js";
import { list } from "../tables.js";
import { done, type Effect, type Known, known, refused, silent } from "../verdict.js";

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
      const stop = await notClearedAsPrimary(step.tablet, site);
      if (stop !== null) return stop;
      const reply = await site.world.writer.executeAsDba(
        step.tablet.address,
        `drop table if exists ${qualified(step.holdSchema, table)}`,
        { reloadSchema: false, disableForeignKeyChecks: true },
      );
      if (reply.kind === "unanswered")
        return silent(`${nameOf(step.tablet)}, asked to drop ${table},`, reply);
    }
    return (await dropHoldSchema(step, site)) ?? done(goneWords(step));
  },
});

const goneWords = (step: Drop): string => `${step.holdSchema} does not exist on ${nameOf(step.tablet)}`;

async function imageOfHold(step: Drop, site: Site): Promise<Known<unknown>> {
  const seen = await seeHold(step, site);
  return seen.kind === "known" ? known({ schema: step.holdSchema, tables: seen.value }) : seen;
}
