import type { DeferredKey } from "../../plan/plan.js";
import type { StepOf } from "../../plan/steps/spec.js";
import { notCleared } from "../clearance.js";
import { differsFrom, nameOf } from "../identity.js";
import { noInverse } from "../inverse.js";
import type { Site } from "../site.js";
import { sqlName } from "../sql.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, READY, refused, silent } from "../verdict.js";

type Export = StepOf<"keys.export">;

const FILE = "deferred-keys.sql";

/**
 * Writes the secondary keys that the copy had put off into the run's folder, and adds them where the operator asked for it. They are
 * only known from `_vt.post_copy_action`, whose rows go with the stream (docs/vitess.md#deferred-keys).
 */
export const keysExport: StepRunner<"keys.export"> = {
  image: null,
  check: async (step, site) => (await differsFrom(step.tablet, site.world.reader)) ?? judge(step, site),

  async run(step, site) {
    const file = exportKeys(step, site);
    if (!step.apply) return done(`wrote ${step.actions.length} statements to ${file}`);
    const missing = await missingKeys(step, site);
    if (missing.kind !== "missing") return missing;
    for (const action of missing.actions) {
      const stop = await notCleared(step.tablet, site);
      if (stop !== null) return stop;
      const reply = await site.world.writer.executeAsDba(step.tablet.address, action.alter, {
        reloadSchema: true,
        disableForeignKeyChecks: false,
      });
      if (reply.kind === "unanswered")
        return silent(`${nameOf(step.tablet)}, asked to ${action.alter},`, reply);
    }
    return done(
      `added ${missing.actions.length} deferred keys on ${nameOf(step.tablet)}; the statements are in ${file}`,
    );
  },

  async verify(step, site) {
    if (!step.apply) return doneAlready(`the statements are in ${exportKeys(step, site)}`);
    return judge(step, site);
  },

  inverse: (step) =>
    noInverse(step.apply ? "a secondary key holds no data" : "it only writes a file of the run"),
};

const exportKeys = (step: Export, site: Site): string =>
  site.evidence.addSection(
    FILE,
    `${nameOf(step.tablet)} ${step.tablet.keyspace}/${step.tablet.shard} ${step.dbName}`,
    step.actions.map((action) => `${action.alter};`).join("\n"),
  );

async function judge(step: Export, site: Site): Promise<Check> {
  if (!step.apply) return READY;
  const missing = await missingKeys(step, site);
  if (missing.kind !== "missing") return missing;
  if (missing.actions.length > 0) return READY;
  return doneAlready(`all ${step.actions.length} deferred keys exist on ${nameOf(step.tablet)}`);
}

/** `alter table t add key a (a), add unique key b (b)`: Vitess writes the keys' names (vreplicator.go stashSecondaryKeys). */
const ADDED_KEY = /\badd\s+(?:unique\s+|fulltext\s+|spatial\s+)?(?:key|index)\s+(?:`((?:[^`]|``)+)`|(\w+))/gi;

const keysOf = (action: DeferredKey): readonly string[] =>
  [...action.alter.matchAll(ADDED_KEY)].map((match) => match[1]?.replaceAll("``", "`") ?? match[2] ?? "");

async function missingKeys(
  step: Export,
  site: Site,
): Promise<
  | { readonly kind: "missing"; readonly actions: readonly DeferredKey[] }
  | Exclude<Check, { kind: "ready" | "done-already" }>
> {
  const schema = await site.world.reader.schema(step.tablet.address);
  if (schema.kind === "unanswered") return silent(nameOf(step.tablet), schema);
  const actions: DeferredKey[] = [];
  for (const action of step.actions) {
    const table = schema.value.find((one) => one.database === step.dbName && one.name === action.table);
    if (table === undefined)
      return refused(`${step.dbName}.${action.table} is gone from ${nameOf(step.tablet)}`);
    const names = keysOf(action);
    if (names.length === 0) return refused(`no key's name is readable in: ${action.alter}`);
    const present = names.filter((name) => table.definition.includes(`KEY ${sqlName(name)} (`));
    if (present.length === 0) actions.push(action);
    else if (present.length < names.length) {
      return refused(
        `${action.table} on ${nameOf(step.tablet)} has a key ${present.join(", ")} already, but not all of: ${action.alter}`,
      );
    }
  }
  return { kind: "missing", actions };
}
