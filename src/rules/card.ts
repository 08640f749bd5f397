import type { CardVariant, RuleCard } from "../findings/rule-card.js";
import { EXPLAIN, isList } from "./match.js";
import type { Condition, Rule, Variant } from "./rule.js";
import { givenBy, oneLine } from "./template.js";

/** The rule as reports and its page show it. */
export const cardOf = (rule: Rule): RuleCard => ({
  id: rule.id,
  family: rule.family,
  file: rule.file,
  show: `vtdoctor rules show ${rule.id}${givenBy(rule)}`,
  title: rule.title,
  severity: rule.severity,
  because: oneLine(rule.because),
  drifts: rule.drifts,
  versions: textOf(rule.versions),
  needs: rule.needs,
  query: rule.query.trimEnd(),
  symptom: oneLine(rule.symptom),
  impact: oneLine(rule.impact),
  cause: oneLine(rule.cause),
  messages: rule.messages,
  references: rule.references ?? [],
  command: oneLine(rule.repair.command ?? EXPLAIN),
  steps: (rule.repair.steps ?? []).map(oneLine),
  variants: (rule.variants ?? []).filter(saysSomething).map(variantOf),
  follows: (rule.follows ?? []).map(({ rule: root }) => root),
  examples: {
    sick: rule.examples.sick.map(({ name }) => name),
    healthy: rule.examples.healthy.map(({ name }) => name),
  },
});

/** How sure a verdict is, a variant may say too; a card does not tell of that. */
const saysSomething = ({ severity, symptom, impact, cause, repair }: Variant): boolean =>
  [severity, symptom, impact, cause, repair].some((field) => field !== undefined);

const variantOf = ({ when, severity, symptom, impact, cause, repair }: Variant): CardVariant => ({
  when: whenText(when),
  severity: severity ?? null,
  symptom: textOf(symptom),
  impact: textOf(impact),
  cause: textOf(cause),
  command: repair === undefined ? null : oneLine(repair.command ?? EXPLAIN),
  steps: (repair?.steps ?? []).map(oneLine),
});

const textOf = (text: string | undefined): string | null => (text === undefined ? null : oneLine(text));

const whenText = (when: Condition): string =>
  Object.entries(when)
    .map(
      ([column, wanted]) => `${column} is ${(isList(wanted) ? wanted : [wanted]).map(String).join(" or ")}`,
    )
    .join(" and ");
