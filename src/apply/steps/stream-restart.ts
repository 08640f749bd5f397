import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/stop-message.js";
import { differsFrom, nameOf } from "../identity.js";
import { notClearedAsPrimary } from "../primacy.js";
import { inIds, seeStreams } from "../sight.js";
import type { Site } from "../site.js";
import { sqlString } from "../sql.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, type Effect, known, READY, refused, silent } from "../verdict.js";

type Restart = StepOf<"stream.restart">;

/**
 * Sets stopped streams back to the state that they had, by `VReplicationExec`, which starts their controllers
 * (docs/vitess.md#vreplicationexec).
 */
export const streamRestart: StepRunner<"stream.restart"> = {
  image: async (step, site) => {
    const seen = await look(step, site);
    return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
  },
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

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

  verify: judge,
};

const idsOf = (step: Restart): readonly number[] => step.rows.map((row) => row.id);

const look = (step: Restart, site: Site) =>
  seeStreams(step.tablet, step.workflow, step.dbName, idsOf(step), site.world.reader);

const restartedWords = (step: Restart): string =>
  `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)} goes on in the state from before`;

async function judge(step: Restart, site: Site): Promise<Check> {
  const seen = await look(step, site);
  if (seen.kind !== "known") return seen;
  const { rows } = seen.value;
  const gone = idsOf(step).filter((id) => !rows.some((row) => row.id === id));
  if (gone.length > 0) {
    return refused(`the row of ${inIds(gone)} of ${step.workflow} on ${nameOf(step.tablet)} is gone`);
  }
  const ours = rows.filter(
    (row) => idsOf(step).includes(row.id) && row.message === stopMessage(step.stoppedBy),
  );
  if (ours.length === 0) return doneAlready(restartedWords(step));
  const moved = ours.find((row) => row.state !== "Stopped");
  return moved === undefined
    ? READY
    : refused(`${inIds([moved.id])} of ${step.workflow} on ${nameOf(step.tablet)} is ${moved.state} now`);
}
