import type { StreamSet } from "../../plan/refs.js";
import type { StepOf } from "../../plan/steps/index.js";
import { done, type Effect, type Known, known, type Refused, refused, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { provenByAnswer } from "../step-runner.js";
import { readStreamSets, streamsIn } from "../streams/stopped-streams.js";
import { inIds, readCopyRows } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";

/**
 * Proves that nothing is left of the listed streams: no row, no copy state, no stream in the engine, twice, at least `settleMs` apart.
 * A MySQL position that stands still between the two proves besides that no data arrives by any way. One that moves proves nothing
 * either way, as heartbeats, other workflows and clients write too: then that is what the result says.
 */
export const streamVerifyGone = provenByAnswer<"stream.verify-gone">(observeTwice);

interface Observation {
  readonly position: string;
  readonly othersRunning: number;
}

async function observeTwice(step: StepOf<"stream.verify-gone">, context: RunContext): Promise<Effect> {
  const first = await observe(step.streams, context);
  if (first.kind !== "known") return first;
  await context.ports.clock.sleep(step.settleMs);
  const second = await observe(step.streams, context);
  if (second.kind !== "known") return second;
  const moved = step.streams.flatMap((set, index) => {
    const [before, after] = [first.value[index], second.value[index]];
    return before === undefined || after === undefined || before.position === after.position
      ? []
      : [movedWords(set, after)];
  });
  const gone = `${streamsIn(step.streams)}: no row, no copy state and no stream in the engine, twice in ${step.settleMs / 1000} s`;
  return done(
    [gone, moved.length === 0 ? "no data arrives: the MySQL positions stand still" : moved.join("; ")].join(
      "; ",
    ),
  );
}

const movedWords = (set: StreamSet, after: Observation): string =>
  `${nameOf(set.tablet)} still takes other writes (${after.othersRunning === 0 ? "heartbeats or clients" : `${after.othersRunning} streams of other workflows run there`}), so its MySQL position is no proof`;

async function observe(
  sets: readonly StreamSet[],
  context: RunContext,
): Promise<Known<readonly Observation[]>> {
  const states = await readStreamSets(sets, context);
  if (states.kind !== "known") return states;
  const observations: Observation[] = [];
  for (const [index, set] of sets.entries()) {
    const state = states.value[index];
    if (state === undefined) continue;
    const left = await notGone(
      set,
      state.rows.length,
      state.engine.map((stream) => stream.id),
      context,
    );
    if (left !== null) return left;
    const position = await context.ports.reader.rows(set.tablet.address, "position");
    if (position.kind === "unanswered") return silent(nameOf(set.tablet), position);
    observations.push({
      position: position.value[0]?.position ?? "",
      othersRunning: state.othersRunning,
    });
  }
  return known(observations);
}

async function notGone(
  set: StreamSet,
  rows: number,
  engine: readonly number[],
  context: RunContext,
): Promise<Refused | Exclude<Known<never>, { kind: "known" }> | null> {
  const where = `of ${set.workflow} on ${nameOf(set.tablet)}`;
  if (rows > 0) return refused(`${rows} rows ${where} are in _vt.vreplication`);
  if (engine.length > 0) return refused(`${inIds(engine)} ${where} runs on in the engine without a row`);
  const copyRows = await readCopyRows(set.tablet, set.ids, context.ports.reader);
  if (copyRows.kind !== "known") return copyRows;
  const left = copyRows.value.copyState.length + copyRows.value.postCopyActions.length;
  return left === 0 ? null : refused(`${left} rows ${where} are left in copy_state or post_copy_action`);
}
