import type { Finding } from "../findings/finding.js";
import type { RuleCard } from "../findings/rule-card.js";
import { type Paint, paintWith, type Style } from "./style.js";
import { momentOf, printable, wrapped } from "./text.js";

/**
 * The proof of one finding: what was seen where and when, why that is wrong, what it costs and how it is repaired. `outlook`: what is foreseen
 * of its repair, '' where it has none.
 */
export const explainFinding = (
  finding: Finding,
  others: readonly Finding[],
  rule: RuleCard | null,
  outlook: string,
  style: Style,
): string => {
  const paint = paintWith(style);
  const section = sectionOf(style, paint);
  const parts = others.filter(({ causedBy }) => causedBy === finding.id);
  return `${[
    `${paint.severity(finding.severity, finding.severity)} ${finding.state}  ${paint.strong(finding.id)}`,
    wrapped(finding.symptom, style.width, ""),
    section(`Why ${finding.state}`, [finding.because]),
    facts(finding, style, paint),
    section("Impact", [finding.impact]),
    section("Cause", [finding.cause]),
    finding.causedBy === null ? "" : section("Follows from", [finding.causedBy]),
    section(
      "What follows from it",
      parts.map(({ id, symptom }) => `${id}: ${symptom}`),
    ),
    section("Repair", finding.repair.steps),
    outlook,
    finding.repair.command === "" ? "" : `Next: ${paint.command(printable(finding.repair.command))}`,
    rule === null ? "" : `Rule: ${rule.id} (${rule.title}); ${rule.show} prints its query`,
  ]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
};

const sectionOf =
  (style: Style, paint: Paint) =>
  (title: string, items: readonly string[]): string => {
    const filled = items.filter((item) => item !== "");
    if (filled.length === 0) return "";
    return [paint.strong(title), ...filled.map((item) => wrapped(item, style.width, "  "))].join("\n");
  };

const facts = (finding: Finding, style: Style, paint: Paint): string => {
  if (finding.evidence.length === 0) return "";
  const lines = finding.evidence.flatMap((evidence) => [
    wrapped(evidence.fact, style.width, "  "),
    paint.quiet(`    ${printable(evidence.source)} at ${momentOf(evidence.at)}`),
    // Not wrapped: it is to be copied.
    paint.quiet(`    ${printable(evidence.query)}`),
  ]);
  return [paint.strong("Facts"), ...lines].join("\n");
};
