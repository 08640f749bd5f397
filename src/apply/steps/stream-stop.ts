import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/stop-message.js";
import { nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import { inIds, STOPPED, type StreamSight, seeStreams, unplanned } from "../sight.js";
import type { Site } from "../site.js";
import { sqlString } from "../sql.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { done, type Known, known, refused, silent } from "../verdict.js";

type Stop = StepOf<"stream.stop">;

/**
 * Stops the workflow's streams on one tablet by `VReplicationExec`: the one call that every version answers and that changes nothing
 * but state and message (docs/vitess.md#cancel-order, docs/vitess.md#vreplicationexec). The engine ends the controllers before it answers.
 */
export const streamStop = stepRunner<"stream.stop", StreamSight>({
  image: imageOfRows,
  look: (step, site) => seeStreams(step.tablet, step.workflow, step.dbName, idsOf(step), site.world.reader),
  ended: (step, sight) =>
    allStopped(sight) && unknownStreams(step, sight) === null && newlyFrozen(step, sight) === null
      ? `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)}: Stopped in _vt and in the engine`
      : null,
  guards: { planned: unknownStreams, notSwitched: newlyFrozen },

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
});

export const stopStatement = (step: Stop, run: string): string =>
  `update _vt.vreplication set state='Stopped', message=${sqlString(stopMessage(run))} where db_name=${sqlString(step.dbName)} and workflow=${sqlString(step.workflow)}`;

const idsOf = (step: Stop): readonly number[] => step.rows.map((row) => row.id);

async function imageOfRows(step: Stop, site: Site): Promise<Known<unknown>> {
  const seen = await seeStreams(step.tablet, step.workflow, step.dbName, idsOf(step), site.world.reader);
  return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
}

const ghostsIn = (sight: StreamSight): StreamSight["engine"] =>
  sight.engine.filter((stream) => !sight.rows.some((row) => row.id === stream.id));

const allStopped = (sight: StreamSight): boolean =>
  [...sight.rows, ...sight.engine].every((stream) => stream.state === "Stopped");

function unknownStreams(step: Stop, sight: StreamSight): Broken {
  const strangers = unplanned(sight, idsOf(step));
  if (strangers.length > 0) {
    return refused(
      `${nameOf(step.tablet)} has ${inIds(strangers)} of ${step.workflow}, which the plan does not know; plan anew`,
    );
  }
  const ghosts = ghostsIn(sight);
  return ghosts.some((stream) => !STOPPED.has(stream.state))
    ? refused(
        `the engine of ${nameOf(step.tablet)} runs ${inIds(ghosts.map((ghost) => ghost.id))} without a row in _vt.vreplication, which no statement can stop`,
      )
    : null;
}

function newlyFrozen(step: Stop, sight: StreamSight): Broken {
  const frozen = sight.rows.filter(
    (row) => row.message === "FROZEN" && step.rows.every((r) => r.id !== row.id || r.message !== "FROZEN"),
  );
  return frozen.length === 0
    ? null
    : refused(
        `${inIds(frozen.map(({ id }) => id))} of ${step.workflow} on ${nameOf(step.tablet)} was FROZEN after the plan was made: its traffic was switched`,
      );
}
