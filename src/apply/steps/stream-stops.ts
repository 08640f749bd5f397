import type { StepOf } from "../../plan/steps/index.js";
import { stopMessage } from "../../plan/steps/streams.js";
import {
  done,
  type Effect,
  type Known,
  known,
  type Refused,
  refused,
  type Silent,
  silent,
} from "../check.js";
import { sqlString } from "../mysql/sql.js";
import type { OwnChanges } from "../premises.js";
import type { RunContext } from "../run-context.js";
import { type Broken, provenByAnswer, stepRunner } from "../step-runner.js";
import { notStopped, readStreamSets, streamsIn } from "../streams/stopped-streams.js";
import { inIds, readStreams, STOPPED, type StreamState, unplanned } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { guardPrimary } from "../tablet/tablet-guard.js";

type StreamStop = StepOf<"stream.stop">;

/**
 * Stops the workflow's streams on one tablet by `VReplicationExec`: the one call that every version answers and that changes nothing
 * but state and message (docs/vitess.md#cancel-order, docs/vitess.md#vreplicationexec). The engine ends the controllers before it answers.
 */
const streamStop = stepRunner<"stream.stop", StreamState>({
  image: imageOfStreams,
  look: (step, context) =>
    readStreams(step.tablet, step.workflow, step.dbName, idsOf(step), context.ports.reader),
  ended: (step, state) =>
    allStopped(state) && unknownStreams(step, state) === null && newlyFrozen(step, state) === null
      ? `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)}: Stopped in _vt and in the engine`
      : null,
  guards: { planned: unknownStreams, notSwitched: newlyFrozen },

  async run(step, context) {
    for (const statement of stopStatements(step, context.run)) {
      const stop = await guardPrimary(step.tablet, context);
      if (stop !== null) return stop;
      const reply = await context.ports.writer.vreplicationExec(step.tablet.address, statement);
      if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    }
    return done(`${nameOf(step.tablet)} stopped ${inIds(idsOf(step))} of ${step.workflow}`);
  },
});

/**
 * One for the streams that a switch had not frozen when the plan was made, which hits none that one freezes in this moment, and one for
 * those that it had. By id: a stream that somebody makes under the name meanwhile runs on, and the proof finds it. The rest of an old
 * message is no part of it, as vttablet and VDiffs rewrite it whenever they like (controller.go `setMessage`, vdiff/table_differ.go, v24).
 */
export const stopStatements = (step: StreamStop, run: string): readonly string[] => {
  const ids = (isFrozen: boolean) =>
    step.rows.filter(({ message }) => (message === FROZEN) === isFrozen).map(({ id }) => id);
  const [frozen, others] = [ids(true), ids(false)];
  const stop = (which: readonly number[], and: string): readonly string[] =>
    which.length === 0
      ? []
      : [
          `update _vt.vreplication set state='Stopped', message=${sqlString(stopMessage(run))} where db_name=${sqlString(step.dbName)} and workflow=${sqlString(step.workflow)} and id in (${which.join(", ")})${and}`,
        ];
  return [...stop(others, ` and not message <=> '${FROZEN}'`), ...stop(frozen, "")];
};

/** The message of a stream whose writes were switched (traffic_switcher.go `Frozen`, v19 to v24). */
const FROZEN = "FROZEN";

async function imageOfStreams(step: StreamStop, context: RunContext): Promise<Known<unknown>> {
  const seen = await readStreams(step.tablet, step.workflow, step.dbName, idsOf(step), context.ports.reader);
  return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
}

const ghostsIn = (state: StreamState): StreamState["engine"] =>
  state.engine.filter((stream) => !state.rows.some((row) => row.id === stream.id));

const allStopped = (state: StreamState): boolean =>
  [...state.rows, ...state.engine].every((stream) => stream.state === "Stopped");

function unknownStreams(step: StreamStop, state: StreamState): Broken {
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

function newlyFrozen(step: StreamStop, state: StreamState): Broken {
  const frozen = state.rows.filter(
    (row) => row.message === FROZEN && step.rows.every((r) => r.id !== row.id || r.message !== FROZEN),
  );
  return frozen.length === 0
    ? null
    : refused(
        `${inIds(frozen.map(({ id }) => id))} of ${step.workflow} on ${nameOf(step.tablet)} was FROZEN after the plan was made: its traffic was switched`,
      );
}

type StreamRestart = StepOf<"stream.restart">;

/**
 * Sets stopped streams back to the state that they had, by `VReplicationExec`, which starts their controllers
 * (docs/vitess.md#vreplicationexec).
 */
const streamRestart = stepRunner<"stream.restart", StreamState>({
  image: async (step, context) => {
    const seen = await lookToRestart(step, context);
    return seen.kind === "known" ? known(seen.value.rows.map((row) => row.image)) : seen;
  },
  look: (step, context) => lookToRestart(step, context),
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

const lookToRestart = (step: StreamRestart, context: RunContext) =>
  readStreams(step.tablet, step.workflow, step.dbName, idsOf(step), context.ports.reader);

const restartedWords = (step: StreamRestart): string =>
  `${inIds(idsOf(step))} of ${step.workflow} on ${nameOf(step.tablet)} goes on in the state from before`;

const missing = (step: StreamRestart, rows: StreamState["rows"]): readonly number[] =>
  idsOf(step).filter((id) => !rows.some((row) => row.id === id));

const oursIn = (step: StreamRestart, rows: StreamState["rows"]): StreamState["rows"] =>
  rows.filter((row) => idsOf(step).includes(row.id) && row.message === stopMessage(step.stoppedBy));

/**
 * Proves that the listed streams stand still: Stopped in `_vt`, Stopped or absent in the engine, and no column that a stream moves has
 * moved between two observations at least `settleMs` apart (docs/vitess.md#cancel-order). It changes nothing.
 */
const streamVerifyStopped = provenByAnswer<"stream.verify-stopped">(standStill);

type VerifyStopped = StepOf<"stream.verify-stopped">;

/**
 * What was proven before, once more: locks were given back since, and without them anybody may have started the streams again. Those
 * that the run has taken away are left out. Null: all others stand still.
 */
export async function startedSince(
  proofs: readonly VerifyStopped[],
  own: OwnChanges,
  context: RunContext,
): Promise<Refused | Silent | null> {
  for (const { streams, settleMs } of proofs) {
    const left = streams.filter((set) => !own.changedStreams(set));
    const seen = left.length === 0 ? null : await standStill({ streams: left, settleMs }, context);
    if (seen !== null && seen.kind !== "done") return seen;
  }
  return null;
}

async function standStill(
  step: Pick<VerifyStopped, "streams" | "settleMs">,
  context: RunContext,
): Promise<ReturnType<typeof done> | Refused | Silent> {
  const first = await readStreamSets(step.streams, context);
  if (first.kind !== "known") return first;
  await context.ports.clock.sleep(step.settleMs);
  const second = await readStreamSets(step.streams, context);
  if (second.kind !== "known") return second;
  for (const [index, set] of step.streams.entries()) {
    const [before, after] = [first.value[index], second.value[index]];
    if (before === undefined || after === undefined) continue;
    const running = notStopped(set, before) ?? notStopped(set, after);
    if (running !== null) return running;
    const moved = after.rows.filter(
      (row) => !before.rows.some((old) => old.id === row.id && old.progress === row.progress),
    );
    if (moved.length > 0) {
      return refused(
        `${inIds(moved.map((row) => row.id))} of ${set.workflow} on ${nameOf(set.tablet)} says Stopped but its position or times still move`,
      );
    }
  }
  return done(
    `${streamsIn(step.streams)}: Stopped in _vt and in the engine, and nothing moved in ${step.settleMs / 1000} s`,
  );
}

const idsOf = ({ rows }: { readonly rows: readonly { readonly id: number }[] }): readonly number[] =>
  rows.map(({ id }) => id);

export const streamStopRunners = {
  "stream.stop": streamStop,
  "stream.verify-stopped": streamVerifyStopped,
  "stream.restart": streamRestart,
};
