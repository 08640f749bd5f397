import type { StepOf } from "../../plan/steps/index.js";
import { differsFrom, nameOf } from "../identity.js";
import { seeLeftovers } from "../leftovers.js";
import { notClearedAsPrimary } from "../primacy.js";
import { wouldLoseKeys } from "../put-off-keys.js";
import { inIds, seeStreams, unplanned } from "../sight.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, type Known, known, READY, refused, silent } from "../verdict.js";

type Delete = StepOf<"stream.delete">;

/**
 * Deletes the rows of stopped streams by `DeleteVReplicationWorkflow`, which also ends their controllers and deletes their copy_state
 * and post_copy_action rows (docs/vitess.md#vreplicationexec). Never by SQL: that leaves a ghost that writes on (docs/vitess.md#ghosts).
 */
export const streamDelete: StepRunner<"stream.delete"> = {
  image: imageOfRows,
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

  async run(step, site) {
    const stop = await notClearedAsPrimary(step.tablet, site);
    if (stop !== null) return stop;
    const reply = await site.world.writer.deleteWorkflow(step.tablet.address, step.workflow);
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    return done(`${nameOf(step.tablet)} deleted ${inIds(idsOf(step))} of ${step.workflow}`);
  },

  verify: judge,
};

const idsOf = (step: Delete): readonly number[] => step.rows.map((row) => row.id);

async function imageOfRows(step: Delete, site: Site): Promise<Known<unknown>> {
  const seen = await seeStreams(step.tablet, step.workflow, step.dbName, idsOf(step), site.world.reader);
  if (seen.kind !== "known") return seen;
  const leftovers = await seeLeftovers(step.tablet, idsOf(step), site.world.reader);
  if (leftovers.kind !== "known") return leftovers;
  return known({ streams: seen.value.rows.map((row) => row.image), ...leftovers.value });
}

async function judge(step: Delete, site: Site): Promise<Check> {
  const ids = idsOf(step);
  const where = `of ${step.workflow} on ${nameOf(step.tablet)}`;
  const seen = await seeStreams(step.tablet, step.workflow, step.dbName, ids, site.world.reader);
  if (seen.kind !== "known") return seen;
  const { rows, engine } = seen.value;
  const strangers = unplanned(seen.value, ids);
  if (strangers.length > 0) {
    return refused(`${inIds(strangers)} ${where} is not in the plan and would be deleted too; plan anew`);
  }
  const running = [...rows, ...engine].find((stream) => stream.state !== "Stopped");
  if (running !== undefined)
    return refused(`${inIds([running.id])} ${where} is ${running.state}, not Stopped`);
  if (rows.length > 0) return (await wouldLoseKeys({ ...step, ids }, site)) ?? READY;
  if (engine.length > 0) {
    return refused(`${inIds(engine.map((ghost) => ghost.id))} ${where} is still in the engine without a row`);
  }
  const leftovers = await seeLeftovers(step.tablet, ids, site.world.reader);
  if (leftovers.kind !== "known") return leftovers;
  const left = leftovers.value.copyState.length + leftovers.value.postCopyActions.length;
  if (left > 0) {
    return refused(`${left} rows of ${inIds(ids)} ${where} are left in copy_state or post_copy_action`);
  }
  return doneAlready(`${inIds(ids)} ${where}: no row in _vt and no stream in the engine`);
}
