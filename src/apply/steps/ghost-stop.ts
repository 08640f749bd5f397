import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { notCleared } from "../clearance.js";
import { nameOf } from "../identity.js";
import type { Site } from "../site.js";
import { sqlString } from "../sql.js";
import { stepRunner } from "../step-runner.js";
import { stoppedRowStatement } from "../stopped-row.js";
import { done, type Effect, type Known, known, refused, silent } from "../verdict.js";

type StopGhost = StepOf<"ghost.stop">;

/**
 * Ends a stream that runs in the engine without a row: `VReplicationExec` looks its ids up in the table first, so the stream gets a row
 * (Stopped, so that nothing starts from it), which the deletion through the tablet then finds and ends (docs/vitess.md#ghosts). A run that
 * died in between finds its own row by its message.
 */
export const ghostStop = stepRunner<"ghost.stop", Sight>({
  image: sightOf,
  look: sightOf,
  ended: (step, { row, inEngine }) =>
    row === null && inEngine === null ? `${whereOf(step)}: no stream in the engine and no row in _vt` : null,
  guards: {
    rowless: (step, { row }, site) =>
      row === null || row.message === marker(site)
        ? null
        : refused(`${whereOf(step)} has a row again, which is not this run's; scan again and plan anew`),
  },

  async run(step, site) {
    const seen = await sightOf(step, site);
    if (seen.kind !== "known") return seen;
    const given = seen.value.row === null ? await giveRow(step, site) : null;
    if (given !== null) return given;
    const stop = await notCleared(step.tablet, site);
    if (stop !== null) return stop;
    const reply = await site.world.writer.vreplicationExec(step.tablet.address, deleteStatement(step));
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    return done(`${nameOf(step.tablet)} ended stream ${step.stream} of ${step.workflow}`);
  },
});

const marker = (site: Site): string => `row of a stream without one, put here by vtdoctor run ${site.run}`;

const deleteStatement = (step: StopGhost): string =>
  `delete from _vt.vreplication where id=${step.stream} and workflow=${sqlString(step.workflow)} and db_name=${sqlString(step.dbName)}`;

/** Null: it is there. */
async function giveRow(step: StopGhost, site: Site): Promise<Effect | null> {
  const columns = await site.world.reader.rows(step.tablet.address, "streamColumns");
  if (columns.kind === "unanswered") return silent(nameOf(step.tablet), columns);
  const now = Math.trunc(site.world.clock.now() / 1000);
  const insert = stoppedRowStatement(columns.value, { ...step, id: step.stream, message: marker(site) }, now);
  if (insert.kind === "refused") return refused(`${nameOf(step.tablet)}: ${insert.reason}`);
  const stop = await notCleared(step.tablet, site);
  if (stop !== null) return stop;
  const options = { reloadSchema: false, disableForeignKeyChecks: false };
  const reply = await site.world.writer.executeAsDba(step.tablet.address, insert.sql, options);
  return reply.kind === "unanswered" ? silent(nameOf(step.tablet), reply) : null;
}

interface Sight {
  readonly inEngine: string | null;
  readonly row: SidecarRow | null;
}

/** The engine first: a stream that is created has its row before the engine has it, and one that is deleted leaves the engine first. */
async function sightOf(step: StopGhost, site: Site): Promise<Known<Sight>> {
  const vars = await site.world.reader.vars(step.tablet.address);
  if (vars.kind === "unanswered") return silent(`${nameOf(step.tablet)}'s /debug/vars`, vars);
  const rows = await site.world.reader.rows(step.tablet.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known({
    inEngine: vars.value.streams.find((stream) => stream.id === step.stream)?.state ?? null,
    row: rows.value.find((row) => row.id === String(step.stream)) ?? null,
  });
}

const whereOf = (step: StopGhost): string =>
  `stream ${step.stream} of ${step.workflow} on ${nameOf(step.tablet)}`;
