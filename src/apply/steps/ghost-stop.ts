import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { done, type Effect, type Known, known, refused, silent } from "../check.js";
import { sqlString, stoppedRowStatement } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { nameOf } from "../tablet/identity.js";
import { guardTablet } from "../tablet/tablet-guard.js";

type StopGhost = StepOf<"ghost.stop">;

/**
 * Ends a stream that runs in the engine without a row: `VReplicationExec` looks its ids up in the table first, so the stream gets a row
 * (Stopped, so that nothing starts from it), which the deletion through the tablet then finds and ends (docs/vitess.md#ghosts). A run that
 * died in between finds its own row by its message.
 */
export const ghostStop = stepRunner<"ghost.stop", State>({
  image: stateOf,
  look: stateOf,
  ended: (step, { row, inEngine }) =>
    row === null && inEngine === null ? `${whereOf(step)}: no stream in the engine and no row in _vt` : null,
  guards: {
    rowless: (step, { row }, context) =>
      row === null || row.message === marker(context)
        ? null
        : refused(`${whereOf(step)} has a row again, which is not this run's; scan again and plan anew`),
  },

  async run(step, context) {
    const seen = await stateOf(step, context);
    if (seen.kind !== "known") return seen;
    const given = seen.value.row === null ? await giveRow(step, context) : null;
    if (given !== null) return given;
    const stop = await guardTablet(step.tablet, context);
    if (stop !== null) return stop;
    const reply = await context.ports.writer.vreplicationExec(step.tablet.address, deleteStatement(step));
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    return done(`${nameOf(step.tablet)} ended stream ${step.stream} of ${step.workflow}`);
  },
});

const marker = (context: RunContext): string =>
  `row of a stream without one, put here by vtdoctor run ${context.run}`;

const deleteStatement = (step: StopGhost): string =>
  `delete from _vt.vreplication where id=${step.stream} and workflow=${sqlString(step.workflow)} and db_name=${sqlString(step.dbName)}`;

/** Null: it is there. */
async function giveRow(step: StopGhost, context: RunContext): Promise<Effect | null> {
  const columns = await context.ports.reader.rows(step.tablet.address, "streamColumns");
  if (columns.kind === "unanswered") return silent(nameOf(step.tablet), columns);
  const now = Math.trunc(context.ports.clock.now() / 1000);
  const insert = stoppedRowStatement(
    columns.value,
    { ...step, id: step.stream, message: marker(context) },
    now,
  );
  if (insert.kind === "refused") return refused(`${nameOf(step.tablet)}: ${insert.reason}`);
  const stop = await guardTablet(step.tablet, context);
  if (stop !== null) return stop;
  const options = { reloadSchema: false, disableForeignKeyChecks: false };
  const reply = await context.ports.writer.executeAsDba(step.tablet.address, insert.sql, options);
  return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : null;
}

interface State {
  readonly inEngine: string | null;
  readonly row: SidecarRow | null;
}

/** The engine first: a stream that is created has its row before the engine has it, and one that is deleted leaves the engine first. */
async function stateOf(step: StopGhost, context: RunContext): Promise<Known<State>> {
  const vars = await context.ports.reader.vars(step.tablet.address);
  if (vars.kind === "unanswered") return silent(`${nameOf(step.tablet)}'s /debug/vars`, vars);
  const rows = await context.ports.reader.rows(step.tablet.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known({
    inEngine: vars.value.streams.find((stream) => stream.id === step.stream)?.state ?? null,
    row: rows.value.find((row) => row.id === String(step.stream)) ?? null,
  });
}

const whereOf = (step: StopGhost): string =>
  `stream ${step.stream} of ${step.workflow} on ${nameOf(step.tablet)}`;
