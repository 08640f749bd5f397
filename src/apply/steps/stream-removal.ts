import { formatAlias } from "../../cluster/alias.js";
import type { TabletRef } from "../../plan/fields.js";
import type { StepOf } from "../../plan/steps/index.js";
import type { SidecarRow } from "../../tablets/access.js";
import { decodeShard } from "../../topology/records.js";
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
import { sqlString, stoppedRowStatement } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { unsavedKeys } from "../streams/deferred-keys.js";
import {
  countOf,
  type FullStreamState,
  imageOfStreams,
  inIds,
  isNothingLeft,
  readFullState,
  unplanned,
} from "../streams/stream-state.js";
import { notEnded } from "../tablet/ended.js";
import { nameOf } from "../tablet/identity.js";
import { guardPrimary, guardTablet } from "../tablet/tablet-guard.js";

type StreamDelete = StepOf<"stream.delete">;

/**
 * Deletes the rows of stopped streams by `DeleteVReplicationWorkflow`, which also ends their controllers and deletes their copy_state
 * and post_copy_action rows (docs/vitess.md#vreplicationexec). Never by SQL: that leaves a ghost that writes on (docs/vitess.md#ghosts).
 */
const streamDelete = stepRunner<"stream.delete", FullStreamState>({
  image: (step, context) => imageOfStreams(step, idsOf(step), context),
  look: (step, context) => readFullState(step, idsOf(step), context),
  ended: (step, seen) =>
    isNothingLeft(seen)
      ? `${inIds(idsOf(step))} ${streamsAt(step)}: no row in _vt and no stream in the engine`
      : null,
  guards: {
    planned: (step, seen) => {
      const strangers = unplanned(seen, idsOf(step));
      return strangers.length === 0
        ? null
        : refused(
            `${inIds(strangers)} ${streamsAt(step)} is not in the plan and would be deleted too; plan anew`,
          );
    },
    stopped: unstopped,
    keysSaved: (step, _seen, context) => unsavedKeys({ ...step, ids: idsOf(step) }, context),
  },

  async run(step, context) {
    const stop = await guardPrimary(step.tablet, context);
    if (stop !== null) return stop;
    const reply = await context.ports.writer.deleteWorkflow(step.tablet.address, step.workflow);
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    const [gone, known] = [reply.value.rowsAffected, step.rows.length];
    return gone > known
      ? refused(
          `${nameOf(step.tablet)} deleted ${gone} streams of ${step.workflow}, and the plan knew ${known}: somebody made one in that moment, and its row is not in the run's folder; make it again if it was wanted`,
        )
      : done(`${nameOf(step.tablet)} deleted ${inIds(idsOf(step))} of ${step.workflow}`);
  },
});

const streamsAt = (step: StreamDelete): string => `of ${step.workflow} on ${nameOf(step.tablet)}`;

/** Without rows nothing is left that could be stopped: what the engine or the other tables still have then is nobody's to delete here. */
function unstopped(step: StreamDelete, { rows, engine, copyRows }: FullStreamState): Broken {
  const running = [...rows, ...engine].find((stream) => stream.state !== "Stopped");
  if (running !== undefined)
    return refused(`${inIds([running.id])} ${streamsAt(step)} is ${running.state}, not Stopped`);
  if (rows.length > 0) return null;
  return engine.length > 0
    ? refused(
        `${inIds(engine.map((ghost) => ghost.id))} ${streamsAt(step)} is still in the engine without a row`,
      )
    : refused(
        `${countOf(copyRows)} rows of ${inIds(idsOf(step))} ${streamsAt(step)} are left in copy_state or post_copy_action`,
      );
}

type RowClear = StepOf<"row.clear">;

/**
 * Deletes rows by SQL where no engine can have them in memory: no tablet of the shard is PRIMARY (docs/vitess.md#rows-by-sql). Each call to
 * a tablet is a transaction of its own, so the order makes it safe: Stopped first, so that a primary that somebody elects meanwhile starts
 * nothing; the stream's row last, so that a run that died goes on. The election is looked for again before each statement.
 */
const rowClear = stepRunner<"row.clear", FullStreamState>({
  image: (step, context) => imageOfStreams(step, idsOf(step), context),

  look: (step, context) => readFullState(step, idsOf(step), context),
  ended: (step, seen) =>
    isNothingLeft(seen) ? `${inIds(idsOf(step))} ${rowsAt(step)}: no row and no copy state is left` : null,
  guards: {
    noPrimary: (step, _seen, context) => elected(step, context),
    planned: strangers,
    keysSaved: (step, _seen, context) => unsavedKeys({ ...step, ids: idsOf(step) }, context),
  },

  async run(step, context): Promise<Effect> {
    for (const statement of clearStatements(step)) {
      const stop = (await guardTablet(step.tablet, context)) ?? (await elected(step, context));
      if (stop !== null) return stop;
      const options = { reloadSchema: false, disableForeignKeyChecks: false };
      const reply = await context.ports.writer.executeAsDba(step.tablet.address, statement, options);
      if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    }
    return done(`${inIds(idsOf(step))} of ${step.workflow} cleared in the MySQL of ${nameOf(step.tablet)}`);
  },
});

const clearStatements = (step: RowClear): readonly string[] => {
  const ids = idsOf(step).join(", ");
  const rows = `id in (${ids}) and workflow=${sqlString(step.workflow)} and db_name=${sqlString(step.dbName)}`;
  return [
    `update _vt.vreplication set state='Stopped' where ${rows}`,
    `delete from _vt.post_copy_action where vrepl_id in (${ids})`,
    `delete from _vt.copy_state where vrepl_id in (${ids})`,
    `delete from _vt.vreplication where ${rows}`,
  ];
};

/** Null: nobody is primary of the shard, by its record and by each of its tablets. */
async function elected(step: RowClear, context: RunContext): Promise<Refused | Silent | null> {
  const { ports } = context;
  const got = await ports.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const shard = got.value.entry === null ? null : decodeShard(got.value.entry.value);
  if (shard?.kind !== "answered") return refused(`${step.key} is gone or can not be read; scan again`);
  const { primaryAlias } = shard.value;
  if (primaryAlias !== undefined && primaryAlias.cell !== "") return primaryWords(formatAlias(primaryAlias));
  const gone: TabletRef[] = [];
  for (const peer of step.peers) {
    const identity = await ports.reader.identity(peer.address);
    if (identity.kind === "answered" && identity.value.type === "PRIMARY") return primaryWords(peer.alias);
    if (identity.kind === "unanswered") gone.push(peer);
  }
  return notEnded(gone, context);
}

const primaryWords = (alias: string): Refused =>
  refused(
    `${alias} was elected primary meanwhile, so its engine is open and rows are its business: scan again and plan anew, the streams are then stopped through it`,
  );

const rowsAt = (step: RowClear): string => `of ${step.workflow} in the MySQL of ${nameOf(step.tablet)}`;

function strangers(step: RowClear, seen: FullStreamState): Broken {
  const unknown = unplanned(seen, idsOf(step));
  if (unknown.length > 0) return refused(`${inIds(unknown)} ${rowsAt(step)} is not in the plan; plan anew`);
  const [inMemory] = seen.engine;
  return inMemory === undefined
    ? null
    : refused(`${inIds([inMemory.id])} ${rowsAt(step)} is in the engine's memory; scan again and plan anew`);
}

type Ghost = StepOf<"ghost.stop">;

/**
 * Ends a stream that runs in the engine without a row: `VReplicationExec` looks its ids up in the table first, so the stream gets a row
 * (Stopped, so that nothing starts from it), which the deletion through the tablet then finds and ends (docs/vitess.md#ghosts). A run that
 * died in between finds its own row by its message.
 */
const ghostStop = stepRunner<"ghost.stop", GhostState>({
  image: ghostState,
  look: ghostState,
  ended: (step, { row, inEngine }) =>
    row === null && inEngine === null ? `${ghostAt(step)}: no stream in the engine and no row in _vt` : null,
  guards: {
    rowless: (step, { row }, context) =>
      row === null || row.message === marker(context)
        ? null
        : refused(`${ghostAt(step)} has a row again, which is not this run's; scan again and plan anew`),
  },

  async run(step, context) {
    const seen = await ghostState(step, context);
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

const deleteStatement = (step: Ghost): string =>
  `delete from _vt.vreplication where id=${step.stream} and workflow=${sqlString(step.workflow)} and db_name=${sqlString(step.dbName)}`;

/** Null: it is there. */
async function giveRow(step: Ghost, context: RunContext): Promise<Effect | null> {
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

interface GhostState {
  readonly inEngine: string | null;
  readonly row: SidecarRow | null;
}

/** The engine first: a stream that is created has its row before the engine has it, and one that is deleted leaves the engine first. */
async function ghostState(step: Ghost, context: RunContext): Promise<Known<GhostState>> {
  const vars = await context.ports.reader.vars(step.tablet.address);
  if (vars.kind === "unanswered") return silent(`${nameOf(step.tablet)}'s /debug/vars`, vars);
  const rows = await context.ports.reader.rows(step.tablet.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(step.tablet), rows);
  return known({
    inEngine: vars.value.streams.find((stream) => stream.id === step.stream)?.state ?? null,
    row: rows.value.find((row) => row.id === String(step.stream)) ?? null,
  });
}

const ghostAt = (step: Ghost): string =>
  `stream ${step.stream} of ${step.workflow} on ${nameOf(step.tablet)}`;

const idsOf = ({ rows }: { readonly rows: readonly { readonly id: number }[] }): readonly number[] =>
  rows.map(({ id }) => id);

export const streamRemovalRunners = {
  "stream.delete": streamDelete,
  "row.clear": rowClear,
  "ghost.stop": ghostStop,
};
