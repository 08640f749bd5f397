import { EXIT, UsageError } from "../../cluster/errors.js";
import { didYouMean } from "../../cluster/suggest.js";
import { listRules, showRule } from "../../report/rules.js";
import { loadCatalogue } from "../../rulefiles/catalogue.js";
import { loadRules, pickRules, SHIPPED_RULES } from "../../rulefiles/load.js";
import { cardOf } from "../../rules/card.js";
import { type ExampleResult, runExamples } from "../../rules/examples.js";
import type { Rule } from "../../rules/rule.js";
import type { Request, Run } from "../command.js";
import { asJson, emit, emitJson, styleOf } from "../output.js";

const ACTIONS = ["list", "show", "test"];

/** `rules list`, `rules show RULE`, `rules test [RULE]`. */
export const run: Run = async (request) => {
  const { given } = request;
  const action = given.text("action") ?? "";
  const name = given.text("rule");
  const rules = loadRules([SHIPPED_RULES, ...given.texts("rules")]);
  const picked = pickRules(rules, name === undefined ? [] : [name]);
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
  if (asJson(request)) emitJson(request, results);
  else emit(request, results.map(line).join("\n"));
  return results.some((result) => result.outcome === "failed") ? EXIT.findings : EXIT.ok;
}

const line = ({ outcome, rule, kind, name, detail }: ExampleResult): string =>
  `${outcome.padEnd(7)} ${rule}: ${kind}: ${name}${detail === "" ? "" : `\n        ${detail}`}`;
