import { formatAlias } from "../../cluster/alias.js";
import type { StepOf } from "../../plan/steps/index.js";
import { decodeShard } from "../../topology/records.js";
import { done, type Effect, type Refused, refused, type Silent, silent } from "../check.js";
import { sqlString } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { unsavedKeys } from "../streams/deferred-keys.js";
import {
  countOf,
  type FullStreamState,
  imageOfStreams,
  inIds,
  readFullState,
  unplanned,
} from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { isClosed } from "../tablet/tablet-address.js";
import { guardTablet } from "../tablet/tablet-guard.js";

type Clear = StepOf<"row.clear">;

/**
 * Deletes rows by SQL where no engine can have them in memory: no tablet of the shard is PRIMARY (docs/vitess.md#rows-by-sql). Each call to
 * a tablet is a transaction of its own, so the order makes it safe: Stopped first, so that a primary that somebody elects meanwhile starts
 * nothing; the stream's row last, so that a run that died goes on. The election is looked for again before each statement.
 */
export const rowClear = stepRunner<"row.clear", FullStreamState>({
  image: (step, context) => imageOfStreams(step, idsOf(step), context),

  look: (step, context) => readFullState(step, idsOf(step), context),
  ended: (step, { rows, engine, copyRows }) =>
    rows.length + engine.length + countOf(copyRows) === 0
      ? `${inIds(idsOf(step))} ${whereOf(step)}: no row and no copy state is left`
      : null,
  guards: {
    noPrimary: (step, _seen, context) => elected(step, context),
    planned: strangers,
    keysSaved: (step, _seen, context) => unsavedKeys({ ...step, ids: idsOf(step) }, context),
  },

  async run(step, context): Promise<Effect> {
    for (const statement of statements(step)) {
      const stop = (await guardTablet(step.tablet, context)) ?? (await elected(step, context));
      if (stop !== null) return stop;
      const options = { reloadSchema: false, disableForeignKeyChecks: false };
      const reply = await context.ports.writer.executeAsDba(step.tablet.address, statement, options);
      if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    }
    return done(`${inIds(idsOf(step))} of ${step.workflow} cleared in the MySQL of ${nameOf(step.tablet)}`);
  },
});

const idsOf = (step: Clear): readonly number[] => step.rows.map(({ id }) => id);

const statements = (step: Clear): readonly string[] => {
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
async function elected(step: Clear, { ports }: RunContext): Promise<Refused | Silent | null> {
  const got = await ports.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const shard = got.value.entry === null ? null : decodeShard(got.value.entry.value);
  if (shard?.kind !== "answered") return refused(`${step.key} is gone or can not be read; scan again`);
  const { primaryAlias } = shard.value;
  if (primaryAlias !== undefined && primaryAlias.cell !== "") return primaryWords(formatAlias(primaryAlias));
  for (const peer of step.peers) {
    const identity = await ports.reader.identity(peer.address);
    if (identity.kind === "answered" && identity.value.type === "PRIMARY") return primaryWords(peer.alias);
    if (identity.kind === "unanswered" && !(await isClosed(peer, ports.reader)))
      return silent(nameOf(peer), identity);
  }
  return null;
}

const primaryWords = (alias: string): Refused =>
  refused(
    `${alias} was elected primary meanwhile, so its engine is open and rows are its business: scan again and plan anew, the streams are then stopped through it`,
  );

const whereOf = (step: Clear): string => `of ${step.workflow} in the MySQL of ${nameOf(step.tablet)}`;

function strangers(step: Clear, seen: FullStreamState): Broken {
  const unknown = unplanned(seen, idsOf(step));
  if (unknown.length > 0) return refused(`${inIds(unknown)} ${whereOf(step)} is not in the plan; plan anew`);
  const [inMemory] = seen.engine;
  return inMemory === undefined
    ? null
    : refused(`${inIds([inMemory.id])} ${whereOf(step)} is in the engine's memory; scan again and plan anew`);
}
