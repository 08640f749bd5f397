import type { StepOf } from "../../plan/steps/index.js";
import { done, type Refused, refused, type Silent } from "../check.js";
import type { OwnChanges } from "../premises.js";
import type { RunContext } from "../run-context.js";
import { provenByAnswer } from "../step-runner.js";
import { notStopped, readStreamSets, streamsIn } from "../streams/stopped-streams.js";
import { inIds } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";

/**
 * Proves that the listed streams stand still: Stopped in `_vt`, Stopped or absent in the engine, and no column that a stream moves has
 * moved between two observations at least `settleMs` apart (docs/vitess.md#cancel-order). It changes nothing.
 */
export const streamVerifyStopped = provenByAnswer<"stream.verify-stopped">(observeTwice);

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
    const seen = left.length === 0 ? null : await observeTwice({ streams: left, settleMs }, context);
    if (seen !== null && seen.kind !== "done") return seen;
  }
  return null;
}

async function observeTwice(
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
