import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/stop-message.js";
import { differsFrom, nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import { inIds, STOPPED, type StreamSight, seeStreams, unplanned } from "../sight.js";
import type { Site } from "../site.js";
import { sqlString } from "../sql.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, type Known, known, READY, refused, silent } from "../verdict.js";

type Stop = StepOf<"stream.stop">;

/**
 * Stops the workflow's streams on one tablet by `VReplicationExec`: the one call that every version answers and that changes nothing
 * but state and message (docs/vitess.md#cancel-order, docs/vitess.md#vreplicationexec). The engine ends the controllers before it answers.
 */
export const streamStop: StepRunner<"stream.stop"> = {
  image: imageOfRows,
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

  async run(step, site) {
    const stop = await notClearedAsPrimary(step.tablet, site);
    if (stop !== null) return stop;
    const reply = await site.world.writer.vreplicationExec(
      step.tablet.address,
      stopStatement(step, site.run),
    );
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    return done(`${nameOf(step.tablet)} stopped ${inIds(idsOf(step))} of ${step.workflow}`);
  },

  verify: judge,
};

export const stopStatement = (step: Stop, run: string): string =>
  `update _vt.vreplication set state='Stopped', message=${sqlString(stopMessage(run))} where db_name=${sqlString(step.dbName)} and workflow=${sqlString(step.workflow)}`;

const idsOf = (step: Stop): readonly number[] => step.rows.map((row) => row.id);

async function imageOfRows(step: Stop, site: Site): Promise<Known<unknown>> {
  const seen = await seeStreams(step.tablet, step.workflow, step.dbName, idsOf(step), site.world.reader);
  return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
}

async function judge(step: Stop, site: Site): Promise<Check> {
  const ids = idsOf(step);
  const seen = await seeStreams(step.tablet, step.workflow, step.dbName, ids, site.world.reader);
  if (seen.kind !== "known") return seen;
  const sight = seen.value;
  const strangers = unplanned(sight, ids);
  if (strangers.length > 0) {
    return refused(
      `${nameOf(step.tablet)} has ${inIds(strangers)} of ${step.workflow}, which the plan does not know; plan anew`,
    );
  }
  const frozen = newlyFrozen(step, sight);
  if (frozen.length > 0) {
    return refused(
      `${inIds(frozen)} of ${step.workflow} on ${nameOf(step.tablet)} was FROZEN after the plan was made: its traffic was switched`,
    );
  }
  const ghosts = sight.engine.filter((stream) => !sight.rows.some((row) => row.id === stream.id));
  if (ghosts.some((stream) => !STOPPED.has(stream.state))) {
    return refused(
      `the engine of ${nameOf(step.tablet)} runs ${inIds(ghosts.map((ghost) => ghost.id))} without a row in _vt.vreplication, which no statement can stop`,
    );
  }
  const running = [...sight.rows, ...sight.engine].filter((stream) => stream.state !== "Stopped");
  if (running.length > 0) return READY;
  return doneAlready(
    `${inIds(ids)} of ${step.workflow} on ${nameOf(step.tablet)}: Stopped in _vt and in the engine`,
  );
}

const newlyFrozen = (step: Stop, sight: StreamSight): readonly number[] =>
  sight.rows
    .filter(
      (row) => row.message === "FROZEN" && step.rows.every((r) => r.id !== row.id || r.message !== "FROZEN"),
    )
    .map((row) => row.id);
