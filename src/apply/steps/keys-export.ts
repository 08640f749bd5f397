import type { DeferredKey } from "../../plan/fields.js";
import type { StepOf } from "../../plan/steps/index.js";
import { done, type Known, known, type Refused, refused, type Silent, silent } from "../check.js";
import { runDdl } from "../mysql/ddl.js";
import { sqlName } from "../mysql/sql.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { deferredKeys, fileOfKeys, save, streamsWords, unsaved } from "../streams/deferred-keys.js";
import { inIds, readStreams, STOPPED } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";

type Export = StepOf<"keys.export">;

/**
 * Writes the secondary keys that the copy had put off into the run's folder, and adds them where the operator asked for it. They are
 * only known from `_vt.post_copy_action`, whose rows go with the stream (docs/vitess.md#deferred-keys): the rows of the moment are
 * read, and a statement that is only in the plan is never sent.
 */
const keysExport = stepRunner<"keys.export", Seen>({
  image: null,
  look,
  ended: (step, seen, context) => (seen.isEnded ? endedWords(step, seen.now, context) : null),
  guards: { stopped: stillCopying, putOff: (_step, { invented }) => invented },

  async run(step, context) {
    const now = await deferredKeys(step, context);
    if (now.kind !== "known") return now;
    save(unsaved(now.value, step, context), step, context);
    const file = fileOfKeys(step, context);
    if (!step.apply) return done(`the statements are in ${file}`);
    const missing = await missingKeys(now.value, step, context);
    if (missing.kind !== "missing") return missing;
    for (const action of missing.actions) {
      const { tablet, dbName: database } = step;
      const options = { reloadSchema: true, disableForeignKeyChecks: false };
      const tables = [{ database, table: action.table }];
      const stop = await runDdl({ tablet, statement: action.alter, tables, ...options }, context);
      if (stop !== null) return stop;
    }
    return done(
      `added ${missing.actions.length} deferred keys on ${nameOf(step.tablet)}; the statements are in ${file}`,
    );
  },
});

interface Seen {
  readonly now: readonly DeferredKey[];
  readonly isEnded: boolean;
  readonly invented: Broken;
}

async function look(step: Export, context: RunContext): Promise<Known<Seen>> {
  const keys = await deferredKeys(step, context);
  if (keys.kind !== "known") return keys;
  const now = keys.value;
  const invented = await notPutOff(step, now, context);
  const missing = step.apply ? await missingKeys(now, step, context) : null;
  if (missing !== null && missing.kind !== "missing") return missing;
  const isEnded =
    invented === null && unsaved(now, step, context).length === 0 && (missing?.actions.length ?? 0) === 0;
  return known({ now, isEnded, invented });
}

/** A copy goes on only where an engine has the stream, or a primary's row says so. */
async function stillCopying(step: Export, _seen: Seen, { ports }: RunContext): Promise<Broken> {
  const { tablet, workflow, dbName, ids } = step;
  const seen = await readStreams(tablet, workflow, dbName, ids, ports.reader);
  if (seen.kind !== "known") return seen;
  const rows = tablet.type === "PRIMARY" ? seen.value.rows : [];
  const running = [...rows, ...seen.value.engine].find(({ state }) => !STOPPED.has(state));
  return running === undefined
    ? null
    : refused(`${inIds([running.id])} of ${workflow} on ${nameOf(tablet)} is ${running.state}, not Stopped`);
}

const endedWords = (step: Export, now: readonly DeferredKey[], context: RunContext): string => {
  if (now.length === 0) return `${streamsWords(step)}: no secondary key is put off`;
  return step.apply
    ? `all ${now.length} deferred keys exist on ${nameOf(step.tablet)}`
    : savedWords(step, now, fileOfKeys(step, context));
};

const savedWords = (step: Export, now: readonly DeferredKey[], file: string): string => {
  const later = now.filter((key) => !isPlanned(step, key)).length;
  return `the statements are in ${file}${later === 0 ? "" : `, ${later} of them put off after the plan was made`}`;
};

const isPlanned = ({ actions }: Export, { table, alter }: DeferredKey): boolean =>
  actions.some((planned) => planned.table === table && planned.alter === alter);

/** A copy that went on after the plan was made has added its keys itself. Anything else that only the plan has is nobody's statement. */
async function notPutOff(
  step: Export,
  now: readonly DeferredKey[],
  context: RunContext,
): Promise<Refused | Silent | null> {
  const gone = step.actions.filter(
    ({ table, alter }) => !now.some((row) => row.table === table && row.alter === alter),
  );
  if (gone.length === 0) return null;
  const missing = await missingKeys(gone, step, context);
  if (missing.kind !== "missing") return missing;
  const [first] = missing.actions;
  return first === undefined
    ? null
    : refused(
        `_vt.post_copy_action has no row of ${streamsWords(step)} that says: ${first.alter}; plan anew`,
      );
}

/** `alter table t add key a (a), add unique key b (b)`: Vitess writes the keys' names (vreplicator.go stashSecondaryKeys). */
const ADDED_KEY = /\badd\s+(?:unique\s+|fulltext\s+|spatial\s+)?(?:key|index)\s+(?:`((?:[^`]|``)+)`|(\w+))/gi;

const keysOf = (action: DeferredKey): readonly string[] =>
  [...action.alter.matchAll(ADDED_KEY)].map((match) => match[1]?.replaceAll("``", "`") ?? match[2] ?? "");

/** Of `actions`, those whose keys their tables do not have. */
async function missingKeys(
  actions: readonly DeferredKey[],
  step: Export,
  context: RunContext,
): Promise<{ readonly kind: "missing"; readonly actions: readonly DeferredKey[] } | Refused | Silent> {
  const schema = await context.ports.reader.schema(step.tablet.address);
  if (schema.kind === "unanswered") return silent(nameOf(step.tablet), schema);
  const missing: DeferredKey[] = [];
  for (const action of actions) {
    const table = schema.value.find((one) => one.database === step.dbName && one.name === action.table);
    if (table === undefined)
      return refused(`${step.dbName}.${action.table} is gone from ${nameOf(step.tablet)}`);
    const names = keysOf(action);
    if (names.length === 0) return refused(`no key's name is readable in: ${action.alter}`);
    const present = names.filter((name) => table.definition.includes(`KEY ${sqlName(name)} (`));
    if (present.length === 0) missing.push(action);
    else if (present.length < names.length) {
      return refused(
        `${action.table} on ${nameOf(step.tablet)} has a key ${present.join(", ")} already, but not all of: ${action.alter}`,
      );
    }
  }
  return { kind: "missing", actions: missing };
}

export const secondaryKeyRunners = {
  "keys.export": keysExport,
};
