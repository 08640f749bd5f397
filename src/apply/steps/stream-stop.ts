import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/steps/streams.js";
import { done, type Known, known, refused, silent } from "../check.js";
import { sqlString } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { inIds, readStreams, STOPPED, type StreamState, unplanned } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { guardPrimary } from "../tablet/tablet-guard.js";

type Stop = StepOf<"stream.stop">;

/**
 * Stops the workflow's streams on one tablet by `VReplicationExec`: the one call that every version answers and that changes nothing
 * but state and message (docs/vitess.md#cancel-order, docs/vitess.md#vreplicationexec). The engine ends the controllers before it answers.
 */
export const streamStop = stepRunner<"stream.stop", StreamState>({
  image: imageOfStreams,
  look: (step, context) =>
    readStreams(step.tablet, step.workflow, step.dbName, idsOf(step), context.ports.reader),
  ended: (step, state) =>
    allStopped(state) && unknownStreams(step, state) === null && newlyFrozen(step, state) === null
      ? `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)}: Stopped in _vt and in the engine`
      : null,
  guards: { planned: unknownStreams, notSwitched: newlyFrozen },

  async run(step, context) {
    const stop = await guardPrimary(step.tablet, context);
    if (stop !== null) return stop;
    const reply = await context.ports.writer.vreplicationExec(
      step.tablet.address,
      stopStatement(step, context.run),
    );
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    return done(`${nameOf(step.tablet)} stopped ${inIds(idsOf(step))} of ${step.workflow}`);
  },
});

export const stopStatement = (step: Stop, run: string): string =>
  `update _vt.vreplication set state='Stopped', message=${sqlString(stopMessage(run))} where db_name=${sqlString(step.dbName)} and workflow=${sqlString(step.workflow)}`;

const idsOf = (step: Stop): readonly number[] => step.rows.map((row) => row.id);

async function imageOfStreams(step: Stop, context: RunContext): Promise<Known<unknown>> {
  const seen = await readStreams(step.tablet, step.workflow, step.dbName, idsOf(step), context.ports.reader);
  return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
}

const ghostsIn = (state: StreamState): StreamState["engine"] =>
  state.engine.filter((stream) => !state.rows.some((row) => row.id === stream.id));

const allStopped = (state: StreamState): boolean =>
  [...state.rows, ...state.engine].every((stream) => stream.state === "Stopped");

function unknownStreams(step: Stop, state: StreamState): Broken {
  const strangers = unplanned(state, idsOf(step));
  if (strangers.length > 0) {
    return refused(
      `${nameOf(step.tablet)} has ${inIds(strangers)} of ${step.workflow}, which the plan does not know; plan anew`,
    );
  }
  const ghosts = ghostsIn(state);
  return ghosts.some((stream) => !STOPPED.has(stream.state))
    ? refused(
        `the engine of ${nameOf(step.tablet)} runs ${inIds(ghosts.map((ghost) => ghost.id))} without a row in _vt.vreplication, which no statement can stop`,
      )
    : null;
}

function newlyFrozen(step: Stop, state: StreamState): Broken {
  const frozen = state.rows.filter(
    (row) => row.message === "FROZEN" && step.rows.every((r) => r.id !== row.id || r.message !== "FROZEN"),
  );
  return frozen.length === 0
    ? null
    : refused(
        `${inIds(frozen.map(({ id }) => id))} of ${step.workflow} on ${nameOf(step.tablet)} was FROZEN after the plan was made: its traffic was switched`,
      );
}
