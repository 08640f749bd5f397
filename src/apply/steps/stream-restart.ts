import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/stop-message.js";
import { nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import { inIds, type StreamSight, seeStreams } from "../sight.js";
import type { Site } from "../site.js";
import { sqlString } from "../sql.js";
import { stepRunner } from "../step-runner.js";
import { done, type Effect, known, refused, silent } from "../verdict.js";

type Restart = StepOf<"stream.restart">;

/**
 * Sets stopped streams back to the state that they had, by `VReplicationExec`, which starts their controllers
 * (docs/vitess.md#vreplicationexec).
 */
export const streamRestart = stepRunner<"stream.restart", StreamSight>({
  image: async (step, site) => {
    const seen = await look(step, site);
    return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
  },
  look: (step, site) => look(step, site),
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

  async run(step, site): Promise<Effect> {
    for (const row of step.rows) {
      const stop = await notClearedAsPrimary(step.tablet, site);
      if (stop !== null) return stop;
      const reply = await site.world.writer.vreplicationExec(
        step.tablet.address,
        `update _vt.vreplication set state=${sqlString(row.state)}, message=${sqlString(row.message)} where db_name=${sqlString(step.dbName)} and workflow=${sqlString(step.workflow)} and id=${row.id} and message=${sqlString(stopMessage(step.stoppedBy))}`,
      );
      if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    }
    return done(restartedWords(step));
  },
});

const idsOf = (step: Restart): readonly number[] => step.rows.map((row) => row.id);

const look = (step: Restart, site: Site) =>
  seeStreams(step.tablet, step.workflow, step.dbName, idsOf(step), site.world.reader);

const restartedWords = (step: Restart): string =>
  `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)} goes on in the state from before`;

const missing = (step: Restart, rows: StreamSight["rows"]): readonly number[] =>
  idsOf(step).filter((id) => !rows.some((row) => row.id === id));

const oursIn = (step: Restart, rows: StreamSight["rows"]): StreamSight["rows"] =>
  rows.filter((row) => idsOf(step).includes(row.id) && row.message === stopMessage(step.stoppedBy));
