import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/steps/streams.js";
import { done, type Effect, known, refused, silent } from "../check.js";
import { sqlString } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { inIds, readStreams, type StreamState } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { guardPrimary } from "../tablet/tablet-guard.js";

type Restart = StepOf<"stream.restart">;

/**
 * Sets stopped streams back to the state that they had, by `VReplicationExec`, which starts their controllers
 * (docs/vitess.md#vreplicationexec).
 */
export const streamRestart = stepRunner<"stream.restart", StreamState>({
  image: async (step, context) => {
    const seen = await look(step, context);
    return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
  },
  look: (step, context) => look(step, context),
  ended: (step, { rows }) =>
    missing(step, rows).length === 0 && oursIn(step, rows).length === 0 ? restartedWords(step) : null,
  guards: {
    stoppedByRun: (step, { rows }) => {
      const gone = missing(step, rows);
      if (gone.length > 0) {
        return refused(`the row of ${inIds(gone)} of ${step.workflow} on ${nameOf(step.tablet)} is gone`);
      }
      const moved = oursIn(step, rows).find((row) => row.state !== "Stopped");
      return moved === undefined
        ? null
        : refused(`${inIds([moved.id])} of ${step.workflow} on ${nameOf(step.tablet)} is ${moved.state} now`);
    },
  },

  async run(step, context): Promise<Effect> {
    for (const row of step.rows) {
      const stop = await guardPrimary(step.tablet, context);
      if (stop !== null) return stop;
      const reply = await context.ports.writer.vreplicationExec(
        step.tablet.address,
        `update _vt.vreplication set state=${sqlString(row.state)}, message=${sqlString(row.message)} where db_name=${sqlString(step.dbName)} and workflow=${sqlString(step.workflow)} and id=${row.id} and message=${sqlString(stopMessage(step.stoppedBy))}`,
      );
      if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    }
    return done(restartedWords(step));
  },
});

const idsOf = (step: Restart): readonly number[] => step.rows.map((row) => row.id);

const look = (step: Restart, context: RunContext) =>
  readStreams(step.tablet, step.workflow, step.dbName, idsOf(step), context.ports.reader);

const restartedWords = (step: Restart): string =>
  `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)} goes on in the state from before`;

const missing = (step: Restart, rows: StreamState["rows"]): readonly number[] =>
  idsOf(step).filter((id) => !rows.some((row) => row.id === id));

const oursIn = (step: Restart, rows: StreamState["rows"]): StreamState["rows"] =>
  rows.filter((row) => idsOf(step).includes(row.id) && row.message === stopMessage(step.stoppedBy));
