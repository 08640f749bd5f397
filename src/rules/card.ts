import type { CardVariant, RuleCard } from "../findings/rule-card.js";
import type { Condition, Rule, Variant } from "./rule.js";

/** The rule as reports and its page show it. */
export const cardOf = (rule: Rule): RuleCard => ({
  id: rule.id,
  family: rule.family,
  file: rule.file,
  title: rule.title,
  severity: rule.verdict.severity,
  needs: rule.needs,
  query: rule.query.trimEnd(),
  symptom: rule.verdict.symptom.text,
  impact: rule.verdict.impact.text,
  cause: rule.verdict.cause.text,
  messages: rule.messages,
  command: rule.verdict.repair.command.text,
  steps: rule.verdict.repair.steps.map(({ text }) => text),
  variants: rule.variants.map(variantOf),
  follows: rule.follows.map(({ rule: root }) => root),
  examples: {
    sick: rule.examples.sick.map(({ name }) => name),
    healthy: rule.examples.healthy.map(({ name }) => name),
  },
});

const variantOf = (variant: Variant): CardVariant => ({
  when: whenText(variant.when),
  severity: variant.severity ?? null,
  symptom: variant.symptom?.text ?? null,
  impact: variant.impact?.text ?? null,
  cause: variant.cause?.text ?? null,
  command: variant.repair?.command.text ?? null,
  steps: variant.repair?.steps.map(({ text }) => text) ?? [],
});

const whenText = (when: Condition): string =>
  Object.entries(when)
    .map(([column, values]) => `${column} is ${values.map(String).join(" or ")}`)
    .join(" and ");
