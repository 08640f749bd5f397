import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { CheckedRule, Rule } from "../rules/rule.js";
import { checked } from "./check.js";
import { type CheckedRules, keyOf, shippedChecked } from "./checked.js";
import { openQueryCheck, type QueryCheck } from "./query-check.js";
import { type RuleSource, readSource } from "./source.js";

/** The rules that vtdoctor ships. */
export const SHIPPED_RULES = fileURLToPath(new URL("../../rules", import.meta.url));

/**
 * Every `<dir>/<family>/<id>.yaml`, by id. A user's folder is read as ours is (docs/decisions.md#d2). Throws a UsageError where a folder
 * can not be read, a file is not a rule, or two files have one id.
 */
export const loadRules = (
  dirs: readonly string[],
  known: CheckedRules = shippedChecked(),
): readonly Rule[] => {
  const reading = new Reading(known);
  try {
    const rules = dirs.flatMap((dir) => ruleFiles(dir).map((file) => reading.rule(file)));
    refuseDuplicateIds(rules);
    refuseUnknownRoots(rules);
    return rules.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  } finally {
    reading.close();
  }
};

/** The rules with these ids; throws a UsageError with the nearest id for an unknown one. */
export const pickRules = (rules: readonly Rule[], ids: readonly string[]): readonly Rule[] => {
  const known = rules.map(({ id }) => id);
  for (const id of ids)
    if (!known.includes(id))
      throw new UsageError(`--rule ${id}: there is no such rule.${didYouMean(id, known)}`);
  return ids.length === 0 ? rules : rules.filter((rule) => ids.includes(rule.id));
};

interface File {
  readonly family: string;
  readonly path: string;
  /** As messages name it. */
  readonly shown: string;
  /** Where it was asked for; null: vtdoctor ships it. */
  readonly folder: string | null;
}

/** The check of queries is set up for the first rule that the build has not checked: of the shipped ones that is none. */
class Reading {
  #queries: QueryCheck | null = null;

  constructor(private readonly known: CheckedRules) {}

  rule({ family, path, shown, folder }: File): Rule {
    const text = readFileSync(path, "utf8");
    const rule = this.known.get(keyOf(text)) ?? this.#checked(readSource(shown, text));
    if (rule.id !== basename(path, ".yaml"))
      throw readSource(shown, text).error(["id"], `is '${rule.id}', but the file is ${basename(path)}`);
    return { ...rule, family, file: shown, folder };
  }

  #checked(source: RuleSource): CheckedRule {
    this.#queries ??= openQueryCheck();
    return checked(source, this.#queries);
  }

  close(): void {
    this.#queries?.close();
  }
}

/**
 * Throws a UsageError where there is none.
 * @public build.mjs compiles what it lists
 */
export const ruleFiles = (dir: string): readonly File[] => {
  const files = listing(dir);
  if (files.length === 0)
    throw new UsageError(
      `--rules ${dir}: no rule found; they are expected as ${join(dir, "FAMILY", "ID.yaml")}`,
    );
  return files.map(({ family, file }) => {
    const path = join(dir, family, file);
    return dir === SHIPPED_RULES
      ? { family, path, shown: join("rules", relative(dir, path)), folder: null }
      : { family, path, shown: path, folder: dir };
  });
};

const listing = (dir: string): readonly { readonly family: string; readonly file: string }[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .flatMap((family) =>
        readdirSync(join(dir, family))
          .filter((file) => file.endsWith(".yaml"))
          .map((file) => ({ family, file })),
      );
  } catch (error) {
    throw new UsageError(
      `--rules ${dir}: can not be read: ${error instanceof Error ? error.message : error}`,
    );
  }
};

const refuseDuplicateIds = (rules: readonly Rule[]): void => {
  const seen = new Map<string, Rule>();
  for (const rule of rules) {
    const taken = seen.get(rule.id);
    if (taken !== undefined)
      throw new UsageError(`${rule.file}: the id ${rule.id} is taken by ${taken.file}`);
    seen.set(rule.id, rule);
  }
};

const refuseUnknownRoots = (rules: readonly Rule[]): void => {
  const known = rules.map(({ id }) => id);
  for (const rule of rules)
    for (const { rule: root } of rule.follows ?? [])
      if (!known.includes(root))
        throw new UsageError(
          `${rule.file}: follows.rule: there is no rule '${root}'.${didYouMean(root, known)}`,
        );
};
