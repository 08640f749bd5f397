import type { Evidence, Finding, Repair } from "../findings/finding.js";
import type {
  Condition,
  EvidenceFile,
  Queryable,
  RepairFile,
  Row,
  Rule,
  Texts,
  Value,
  Verdict,
} from "./rule.js";
import {
  bound,
  givenBy,
  oneLine,
  type Quote,
  shellWord,
  sqlLiteral,
  templateOf,
  textsOf,
} from "./template.js";

/** One row of a rule's query, said in full; how sure it is and what it follows from is decided later. */
export interface Match {
  readonly rule: Rule;
  readonly row: Row;
  readonly finding: Finding;
  /** The fact that can not be a passing moment, or null. */
  readonly durable: string | null;
  /** Why no number of looks makes it sure, or null. */
  readonly doubt: string | null;
  /** How far apart two looks have to be to confirm it, milliseconds. */
  readonly settleMs: number;
  /** Why this object can not be judged, or null. */
  readonly unknown: string | null;
}

/** Throws an Error where the row does not give what the rule's texts ask for. */
export const matchOf = (snapshot: Queryable, rule: Rule, row: Row, firstSeen: number): Match => {
  const verdict = verdictOn(rule, row);
  const id = `${rule.id}@${filled(rule.locator, row)}`;
  return {
    rule,
    row,
    durable: firstOf(verdict.durable, row),
    doubt: firstOf(verdict.doubt, row),
    settleMs: (verdict.settle_s ?? 0) * 1000,
    unknown: firstOf(verdict.unknown, row),
    finding: {
      id,
      rule: rule.id,
      title: rule.title,
      severity: verdict.severity,
      state: "suspected",
      because: "",
      object: objectOf(rule, row),
      symptom: filled(verdict.symptom, row),
      evidence: rule.evidence.flatMap((evidence) => evidenceOf(snapshot, evidence, row)),
      causedBy: null,
      impact: filled(verdict.impact, row),
      cause: filled(verdict.cause, row),
      repair: repairOf(rule, verdict.repair, { ...row, id }),
      firstSeen,
    },
  };
};

/** The first variant that matches is assigned last. */
const verdictOn = (rule: Rule, row: Row): Verdict => {
  const matching = (rule.variants ?? []).filter(({ when }) => holds(when, row));
  return Object.assign({}, rule, ...matching.toReversed());
};

const filled = (text: string, row: Row, quote?: Quote): string =>
  templateOf(oneLine(text)).render(row, quote);

const complete = (text: string, row: Row): boolean => templateOf(oneLine(text)).complete(row);

const firstOf = (texts: Texts | undefined, row: Row): string | null => {
  const text = textsOf(texts).find((one) => complete(one, row));
  return text === undefined ? null : filled(text, row);
};

export const holds = (condition: Condition, row: Row): boolean =>
  Object.entries(condition).every(([column, wanted]) => {
    const value = row[column] ?? null;
    return isList(wanted) ? wanted.includes(value) : wanted === value;
  });

export const isList = (wanted: Value | readonly Value[]): wanted is readonly Value[] => Array.isArray(wanted);

const objectOf = (rule: Rule, row: Row): Finding["object"] =>
  Object.fromEntries(
    Object.entries(rule.object)
      .map(([key, column]) => [key, row[column] ?? null] as const)
      .filter(([, value]) => value !== null && value !== "")
      .map(([key, value]) => [key, String(value)]),
  );

const evidenceOf = (snapshot: Queryable, evidence: EvidenceFile, row: Row): readonly Evidence[] =>
  itemsOf(snapshot, evidence.each, row)
    .filter((item) => [evidence.fact, evidence.source, evidence.at].every((text) => complete(text, item)))
    .map((item) => ({
      fact: filled(evidence.fact, item),
      source: filled(evidence.source, item),
      at: filled(evidence.at, item),
      query: filled(evidence.query, item, sqlLiteral),
    }));

const itemsOf = (snapshot: Queryable, each: string | undefined, row: Row): readonly Row[] => {
  if (each === undefined) return [row];
  const { sql, values } = bound(each, row);
  return snapshot.all<Row>(sql, ...values).map((item) => ({ ...row, ...item }));
};

const repairOf = (rule: Rule, file: RepairFile, row: Row): Repair => ({
  recipe: file.recipe ?? null,
  class: file.class ?? "manual",
  command:
    filled(file.command ?? EXPLAIN, row, shellWord) + (file.command === undefined ? givenBy(rule) : ""),
  steps: (file.steps ?? []).map((step) => filled(step, row)),
});

/** What to type next where a rule names no command. */
export const EXPLAIN = "vtdoctor explain {id}";
