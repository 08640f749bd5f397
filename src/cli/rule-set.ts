import type { Given } from "../config/settings.js";
import { loadRules, pickRules, SHIPPED_RULES } from "../rules/load.js";
import type { Rule } from "../rules/rule.js";

/** Our rules and the operator's (`--rules`). */
export const everyRule = (given: Given): readonly Rule[] =>
  loadRules([SHIPPED_RULES, ...given.texts("rules")]);

/** The same, reduced to `--rule` where that was given. */
export const ruleSet = (given: Given): readonly Rule[] => pickRules(everyRule(given), given.texts("rule"));
