import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, EXIT, UsageError } from "../../cluster/errors.js";
import { didYouMean } from "../../cluster/suggest.js";
import { listRules, showRule } from "../../report/rules.js";
import { loadCatalogue } from "../../rulefiles/catalogue.js";
import { loadRules, pickRules, ruleFiles, SHIPPED_RULES } from "../../rulefiles/load.js";
import { newRule } from "../../rulefiles/new-rule.js";
import { cardOf } from "../../rules/card.js";
import { type ExampleResult, type Recordings, runExamples } from "../../rules/examples.js";
import type { Rule } from "../../rules/rule.js";
import { shellWord } from "../../rules/template.js";
import { type RuleTime, timeRules } from "../../rules/timing.js";
import { Snapshot } from "../../snapshot/snapshot.js";
import type { Request, Run } from "../command.js";
import { asJson, emit, emitJson, styleOf } from "../output.js";

const ACTIONS = ["list", "show", "new", "test"];

/** `rules list`, `rules show RULE`, `rules new ID`, `rules test [RULE or FOLDER]`. */
export const run: Run = async (request) => {
  const { given } = request;
  const action = given.text("action") ?? "";
  const name = given.text("rule");
  if (action === "new") return write(request, name);
  const folder = action === "test" && name !== undefined && isFolder(name) ? name : null;
  const rules = loadRules([
    ...new Set([SHIPPED_RULES, ...given.texts("rules"), ...(folder === null ? [] : [folder])]),
  ]);
  const picked =
    folder === null
      ? pickRules(rules, name === undefined ? [] : [name])
      : rules.filter((rule) => rule.folder === folder);
  switch (action) {
    case "list":
      return list(request, picked, name === undefined);
    case "show":
      if (name === undefined)
        throw new UsageError("rules show: needs the id of a rule; vtdoctor rules list names them.");
      return show(request, picked);
    case "test":
      return test(request, rules, picked);
    default:
      throw new UsageError(
        `rules: "${action}" must be one of ${ACTIONS.join(", ")}.${didYouMean(action, ACTIONS)}`,
      );
  }
};

/** `whole`: with the drifts that no rule can tell. */
function list(request: Request, picked: readonly Rule[], whole: boolean): number {
  const rules = picked.map(cardOf);
  const notDecidable = whole
    ? loadCatalogue().filter(({ not_decidable }) => not_decidable !== undefined)
    : [];
  if (asJson(request)) emitJson(request, { rules, notDecidable });
  else emit(request, listRules(rules, notDecidable, styleOf(request)));
  return EXIT.ok;
}

function show(request: Request, [rule]: readonly Rule[]): number {
  if (rule === undefined) return EXIT.ok;
  if (asJson(request)) emitJson(request, cardOf(rule));
  else emit(request, showRule(cardOf(rule), styleOf(request)));
  return EXIT.ok;
}

async function test(request: Request, rules: readonly Rule[], picked: readonly Rule[]): Promise<number> {
  const recordings = await request.context.recordings(picked);
  const results = runExamples(
    rules,
    recordings,
    picked.map((rule) => rule.id),
  );
  const times = request.given.yes("timing") ? timesOf(request, picked, recordings) : null;
  if (asJson(request)) emitJson(request, times === null ? results : { results, times });
  else emit(request, [...results.map(line), ...timeLines(times ?? [])].join("\n"));
  return results.some((result) => result.outcome === "failed") ? EXIT.findings : EXIT.ok;
}

const line = ({ outcome, rule, kind, name, detail }: ExampleResult): string =>
  `${outcome.padEnd(7)} ${rule}: ${kind}: ${name}${detail === "" ? "" : `\n        ${detail}`}`;

/** Of the clusters of its examples, or of `--snapshot FILE`. */
function timesOf({ given, context }: Request, picked: readonly Rule[], recordings: Recordings) {
  const file = given.text("snapshot");
  const nowMs = (): number => context.clock.steady();
  if (file === undefined) return timeRules(picked, { recordings }, nowMs);
  const snapshot = Snapshot.open(file);
  try {
    return timeRules(picked, { snapshot }, nowMs);
  } finally {
    snapshot.close();
  }
}

/** The others take no time that matters. */
const SLOWEST = 10;

const timeLines = (times: readonly RuleTime[]): readonly string[] =>
  times
    .slice(0, SLOWEST)
    .map(
      ({ rule, ms, clusters }, i) =>
        `${i === 0 ? "\nThe slowest:\n" : ""}${ms.toFixed(1).padStart(9)} ms  ${rule} (${clusters} ${clusters === 1 ? "cluster" : "clusters"})`,
    );

/** What has the id of a rule is a rule. */
const isFolder = (name: string): boolean =>
  !isShipped(name) && (statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false);

const isShipped = (id: string): boolean =>
  ruleFiles(SHIPPED_RULES).some(({ path }) => basename(path, ".yaml") === id);

/** Where a rule of one's own lies, if `--rules` does not say it. */
const OWN = "my-rules";

/** `rules new ID`: a file that the operator makes a rule of. What is there stays. */
function write(request: Request, id: string | undefined): number {
  if (id === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))
    throw new UsageError(
      `rules new: ${id === undefined ? "needs the id of the new rule" : `"${id}" is no id of a rule`}: words of lower-case letters and digits, joined by "-".`,
    );
  if (isShipped(id)) throw new UsageError(`rules new: vtdoctor has a rule ${id}; take another id.`);
  const [folder = OWN] = request.given.texts("rules");
  const path = join(folder, "own", `${id}.yaml`);
  const file = resolve(request.context.cwd, path);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, newRule(id), { flag: "wx" });
  } catch (error) {
    throw new UsageError(
      codeOf(error) === "EEXIST"
        ? `rules new: ${path} is there already; nothing was written.`
        : `rules new: ${path} can not be written (${codeOf(error)}); give another folder with --rules.`,
    );
  }
  emit(request, `${path} is written; after each change: vtdoctor rules test ${shellWord(folder)}\n`);
  return EXIT.ok;
}
