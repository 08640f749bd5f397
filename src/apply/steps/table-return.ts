import type { StepOf } from "../../plan/steps/index.js";
import { dropHoldSchema, seeHold } from "../hold.js";
import { differsFrom, nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import type { Site } from "../site.js";
import { qualified } from "../sql.js";
import type { StepRunner } from "../step-runner.js";
import { definitionsOf, list, seeTables } from "../tables.js";
import { type Check, done, doneAlready, type Effect, READY, refused, silent } from "../verdict.js";

type Return = StepOf<"table.return">;

/** Moves held tables back in one `RENAME TABLE`: all of them or none. Never over a table that exists. */
export const tableReturn: StepRunner<"table.return"> = {
  image: definitionsOf,
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

  async run(step, site): Promise<Effect> {
    const seen = await seeTables(step.tablet, step.dbName, step.tables, step.holdSchema, site.world.reader);
    if (seen.kind !== "known") return seen;
    if (seen.value.held.length > 0) {
      const stop = await notClearedAsPrimary(step.tablet, site);
      if (stop !== null) return stop;
      const reply = await site.world.writer.executeAsDba(step.tablet.address, renameBack(step), {
        reloadSchema: true,
        disableForeignKeyChecks: false,
      });
      if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    }
    return (await dropHoldSchema(step, site)) ?? done(backWords(step));
  },

  verify: judge,
};

const renameBack = (step: Return): string =>
  `rename table ${step.tables.map((table) => `${qualified(step.holdSchema, table)} to ${qualified(step.dbName, table)}`).join(", ")}`;

const backWords = (step: Return): string =>
  `${nameOf(step.tablet)} has ${list(step.tables)} in ${step.dbName} again${step.views.length === 0 ? "" : `, and the views ${list(step.views)} with them`}`;

async function judge(step: Return, site: Site): Promise<Check> {
  const { tablet, dbName, tables, holdSchema } = step;
  const seen = await seeTables(tablet, dbName, tables, holdSchema, site.world.reader);
  if (seen.kind !== "known") return seen;
  const { held, inDatabase } = seen.value;
  const there = inDatabase.map((table) => table.name);
  if (held.length === 0 && there.length === tables.length) {
    const hold = await seeHold(step, site);
    if (hold.kind !== "known") return hold;
    return hold.value === "empty" ? READY : doneAlready(backWords(step));
  }
  if (there.length > 0) {
    return refused(
      `${list(there)} exists in ${dbName} on ${nameOf(tablet)}: somebody made it since; rename or drop it first`,
    );
  }
  const gone = tables.filter((table) => !held.includes(table));
  return gone.length === 0
    ? READY
    : refused(`${list(gone)} is neither in ${holdSchema} nor in ${dbName} on ${nameOf(tablet)}`);
}
