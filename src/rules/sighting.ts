import { type Evidence, type Finding, type Repair, SEVERITIES, type Severity } from "../findings/finding.js";
import type { Condition, EvidenceTemplate, RepairTemplate, Row, Rule, Value } from "./rule.js";
import { shellWord, sqlLiteral } from "./template.js";

/** One row of a rule's query, said in full; how sure it is and what it follows from is decided later. */
export interface Sighting {
  readonly rule: Rule;
  readonly row: Row;
  readonly finding: Finding;
  /** The fact that can not be a passing moment, or null. */
  readonly durable: string | null;
  /** Why no number of looks makes it sure, or null. */
  readonly doubt: string | null;
  /** Why this object can not be judged, or null. */
  readonly unknown: string | null;
}

/** Throws an Error where the row does not give what the rule's templates ask for. */
export const sight = (rule: Rule, row: Row, firstSeen: number): Sighting => {
  const variant = rule.variants.find(({ when }) => holds(when, row));
  const verdict = { ...rule.verdict, ...variant };
  const id = `${rule.id}@${rule.locator.render(row)}`;
  const named: Row = { ...row, id };
  return {
    rule,
    row,
    durable: textOf(row.durable),
    doubt: textOf(row.doubt),
    unknown: textOf(row.unknown),
    finding: {
      id,
      rule: rule.id,
      title: rule.title,
      severity: severityOf(row.severity) ?? verdict.severity,
      state: "suspected",
      because: "",
      object: objectOf(rule, row),
      symptom: verdict.symptom.render(row),
      evidence: rule.evidence.flatMap((template) => evidenceOf(template, row)),
      causedBy: null,
      impact: verdict.impact.render(row),
      cause: verdict.cause.render(row),
      repair: repairOf(verdict.repair, named),
      firstSeen,
    },
  };
};

export const holds = (condition: Condition, row: Row): boolean =>
  Object.entries(condition).every(([column, values]) => values.includes(row[column] ?? null));

const objectOf = (rule: Rule, row: Row): Finding["object"] =>
  Object.fromEntries(
    Object.entries(rule.object)
      .map(([key, column]) => [key, row[column] ?? null] as const)
      .filter(([, value]) => value !== null && value !== "")
      .map(([key, value]) => [key, String(value)]),
  );

const evidenceOf = (template: EvidenceTemplate, row: Row): readonly Evidence[] =>
  itemsOf(template, row)
    .filter((item) => [template.fact, template.source, template.at].every((part) => part.complete(item)))
    .map((item) => ({
      fact: template.fact.render(item),
      source: template.source.render(item),
      at: template.at.render(item),
      query: template.query.render(item, sqlLiteral),
    }));

const itemsOf = (template: EvidenceTemplate, row: Row): readonly Row[] => {
  if (template.each === null) return [row];
  const list = row[template.each] ?? null;
  if (list === null) return [];
  const items: unknown = JSON.parse(String(list));
  if (!Array.isArray(items)) throw new Error(`column '${template.each}' is not a JSON array`);
  return items.map((item: Row) => ({ ...row, ...item }));
};

const repairOf = (template: RepairTemplate, row: Row): Repair => ({
  recipe: template.recipe,
  class: template.class,
  command: template.command.render(row, shellWord),
  steps: template.steps.map((step) => step.render(row)),
});

const textOf = (value: Value | undefined): string | null =>
  value === undefined || value === null || value === "" ? null : String(value);

const severityOf = (value: Value | undefined): Severity | null => {
  const text = textOf(value);
  if (text === null) return null;
  const severity = SEVERITIES.find((one) => one === text);
  if (severity === undefined) throw new Error(`column 'severity' is '${text}', not ${SEVERITIES.join(", ")}`);
  return severity;
};
