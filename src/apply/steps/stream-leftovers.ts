import type { StreamSet } from "../../plan/fields.js";
import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { done, type Effect, type Known, known, type Refused, refused, silent } from "../check.js";
import { sqlString } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { provenByAnswer, stepRunner } from "../step-runner.js";
import { readStreamSets, streamsIn } from "../streams/stopped-streams.js";
import { inIds, readCopyRows } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { guardTablet } from "../tablet/tablet-guard.js";

/**
 * Proves that nothing is left of the listed streams: no row, no copy state, no stream in the engine, twice, at least `settleMs` apart.
 * A MySQL position that stands still between the two proves besides that no data arrives by any way. One that moves proves nothing
 * either way, as heartbeats, other workflows and clients write too: then that is what the result says.
 */
const streamVerifyGone = provenByAnswer<"stream.verify-gone">(lookTwice);

interface Leftovers {
  readonly position: string;
  readonly othersRunning: number;
}

async function lookTwice(step: StepOf<"stream.verify-gone">, context: RunContext): Promise<Effect> {
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

const movedWords = (set: StreamSet, after: Leftovers): string =>
  `${nameOf(set.tablet)} still takes other writes (${after.othersRunning === 0 ? "heartbeats or clients" : `${after.othersRunning} streams of other workflows run there`}), so its MySQL position is no proof`;

async function observe(
  sets: readonly StreamSet[],
  context: RunContext,
): Promise<Known<readonly Leftovers[]>> {
  const states = await readStreamSets(sets, context);
  if (states.kind !== "known") return states;
  const observations: Leftovers[] = [];
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

type VdiffDelete = StepOf<"vdiff.delete">;

/** Deletes the VDiff rows of a workflow, running ones too, by the VDiff RPC (docs/vitess.md#cancel-order). */
const vdiffDelete = stepRunner<"vdiff.delete", readonly SidecarRow[]>({
  image: vdiffsOf,
  look: vdiffsOf,
  ended: (step, rows) => (rows.length === 0 ? noVdiffs(step) : null),
  guards: {},

  async run(step, context) {
    const stop = await guardTablet(step.tablet, context);
    if (stop !== null) return stop;
    const reply = await context.ports.writer.deleteVDiffs(step.tablet.address, step.keyspace, step.workflow);
    return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : done(noVdiffs(step));
  },
});

const noVdiffs = (step: VdiffDelete): string =>
  `${nameOf(step.tablet)} has no VDiff of ${step.keyspace}.${step.workflow}`;

async function vdiffsOf(step: VdiffDelete, context: RunContext): Promise<Known<readonly SidecarRow[]>> {
  const rows = await context.ports.reader.rows(step.tablet.address, "vdiffs");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known(rows.value.filter((row) => row.workflow === step.workflow && row.keyspace === step.keyspace));
}

type JournalDelete = StepOf<"journal.delete">;

/**
 * Deletes one row of `_vt.resharding_journal` through `VReplicationExec`, which takes statements on that table
 * (vreplication/controller_plan.go `reshardingJournalQuery`, v19 to v24); nothing in Vitess ever does (docs/vitess.md#journals-stay).
 */
const journalDelete = stepRunner<"journal.delete", readonly SidecarRow[]>({
  image: journalRows,
  look: journalRows,
  ended: (step, rows) => (rows.length === 0 ? noJournal(step) : null),
  guards: {
    sameRow: (step, rows) =>
      rows.every((row) => row.val === step.val && row.db_name === step.dbName)
        ? null
        : refused(`the journal ${step.journal} of ${nameOf(step.tablet)} is another one than in the plan`),
  },

  async run(step, context) {
    if (!/^\d+$/.test(step.journal)) return refused(`${step.journal} is no journal id`);
    const stop = await guardTablet(step.tablet, context);
    if (stop !== null) return stop;
    const statement = `delete from _vt.resharding_journal where id=${step.journal} and val=${sqlString(step.val)}`;
    const reply = await context.ports.writer.vreplicationExec(step.tablet.address, statement);
    return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : done(noJournal(step));
  },
});

const noJournal = (step: JournalDelete): string => `${nameOf(step.tablet)} has no journal ${step.journal}`;

async function journalRows(step: JournalDelete, context: RunContext): Promise<Known<readonly SidecarRow[]>> {
  const rows = await context.ports.reader.rows(step.tablet.address, "journals");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known(rows.value.filter((row) => row.id === step.journal));
}

export const streamLeftoverRunners = {
  "stream.verify-gone": streamVerifyGone,
  "vdiff.delete": vdiffDelete,
  "journal.delete": journalDelete,
};
