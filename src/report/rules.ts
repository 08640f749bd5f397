import type { Drift } from "../findings/drift.js";
import type { Severity } from "../findings/finding.js";
import type { RuleCard } from "../findings/rule-card.js";
import { paintWith, type Style } from "./style.js";
import { wrapped } from "./text.js";

/** The rules, one line each, and the drifts that no rule can tell. */
export const listRules = (rules: readonly RuleCard[], drifts: readonly Drift[], style: Style): string => {
  const paint = paintWith(style);
  const longest = Math.max(0, ...rules.map(({ id }) => id.length));
  const lines = rules.map(
    ({ id, severity, title }) =>
      `${paint.severity(severity, severity.padEnd(8))}  ${id.padEnd(longest)}  ${title}`,
  );
  const untold = drifts.map((drift) => notDecidable(drift, style));
  return `${[...lines, "", `${rules.length} rules; vtdoctor rules show ID prints one`, ...(untold.length === 0 ? [] : ["", paint.strong("Not decidable from outside"), ...untold])].join("\n")}\n`;
};

/** What a line of a log leads to. */
export interface MessageLead {
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  readonly message: string;
  /** All of the message is in the line. */
  readonly whole: boolean;
}

/** The drifts that a line of a log may come from, best first. */
export const listMessages = (leads: readonly MessageLead[], style: Style): string => {
  const paint = paintWith(style);
  const longest = Math.max(0, ...leads.map(({ rule }) => rule.length));
  const lines = leads.flatMap(({ rule, title, severity, message, whole }) => [
    `${paint.severity(severity, severity.padEnd(8))}  ${rule.padEnd(longest)}  ${title}`,
    paint.quiet(`          ${whole ? "prints" : "prints something like it"}: ${message}`),
  ]);
  return `${lines.join("\n")}\n`;
};

const notDecidable = ({ id, name, title, not_decidable }: Drift, { width }: Style): string =>
  [
    `  ${id}  ${name}: ${title}`,
    wrapped(not_decidable?.why ?? "", width, "      "),
    wrapped(`It would need ${not_decidable?.needs}.`, width, "      "),
  ].join("\n");

/** One rule in full. Texts keep their placeholders: a finding fills them in. */
export const showRule = (rule: RuleCard, style: Style): string => {
  const paint = paintWith(style);
  const section = (title: string, items: readonly string[]) =>
    items.length === 0
      ? ""
      : [paint.strong(title), ...items.map((item) => wrapped(item, style.width, "  "))].join("\n");
  const query = [paint.strong("Query"), ...rule.query.split("\n").map((line) => `  ${line}`)].join("\n");
  const variants = rule.variants.flatMap((variant) => [
    section(
      `Where ${variant.when}`,
      [
        variant.severity === null ? null : `Severity: ${variant.severity}`,
        variant.symptom,
        variant.impact,
        variant.cause,
      ].flatMap((text) => (text === null ? [] : [text])),
    ),
    section("  Repair then", [...variant.steps, ...(variant.command === null ? [] : [variant.command])]),
  ]);
  return `${[
    `${paint.severity(rule.severity, rule.severity)}  ${paint.strong(rule.id)}`,
    rule.title,
    section(`Why ${rule.severity}`, [rule.because]),
    section("Says", [rule.symptom]),
    section("Impact", [rule.impact]),
    section("Cause", [rule.cause]),
    section("Versions", rule.versions === null ? [] : [rule.versions]),
    section("Repair", [...rule.steps, rule.command]),
    ...variants,
    section("Messages that lead here", rule.messages),
    section("References", [rule.references.join(", ")].filter(Boolean)),
    section("Drifts of the catalogue that it finds", [rule.drifts.join(", ")].filter(Boolean)),
    section("Is silent about what it can not know without", [rule.needs.join(", ")].filter(Boolean)),
    query,
    section("Tested with these sick states", rule.examples.sick),
    section("and these healthy ones", rule.examples.healthy),
    `File: ${rule.file}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
};
