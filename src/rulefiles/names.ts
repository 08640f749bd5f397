import { didYouMean } from "../cluster/suggest.js";
import type { Condition, RepairFile, RuleFile, Verdict } from "../rules/rule.js";
import { oneLine, templateOf, textsOf } from "../rules/template.js";
import type { QueryCheck } from "./query-check.js";
import type { FieldPath, RuleSource } from "./source.js";

type Source = Pick<RuleSource, "error">;

/**
 * Prepares the queries of a rule and looks up each name that its other fields take from their results. Throws a UsageError with file, line and
 * field where a query does not prepare, a text is no template, or a placeholder, object or condition names no column.
 */
export const checkNames = (source: Source, rule: RuleFile, queries: QueryCheck): void => {
  const columns = prepared(source, ["query"], rule.query, queries);
  refuseVerdicts(source, columns);
  const names = new Names(source, columns);
  names.columns(["object"], rule.object);
  names.text(["locator"], rule.locator);
  for (const [i, evidence] of rule.evidence.entries()) {
    const path = ["evidence", i];
    const own =
      evidence.each === undefined ? [] : eachColumns(names, [...path, "each"], evidence.each, queries);
    const of = new Names(source, [...columns, ...own]);
    for (const field of ["fact", "source", "at", "query"] as const)
      of.text([...path, field], evidence[field]);
  }
  checkVerdict(names, [], rule);
  for (const [i, variant] of (rule.variants ?? []).entries()) {
    names.condition(["variants", i, "when"], variant.when);
    checkVerdict(names, ["variants", i], variant);
  }
  for (const [i, { on, when }] of (rule.follows ?? []).entries()) {
    names.columns(["follows", i, "on"], on);
    names.condition(["follows", i, "when"], when ?? {});
  }
};

/** Fields that are texts and variants: as columns they would silently say nothing. */
const VERDICTS = ["severity", "durable", "doubt", "settle_s", "unknown"];

const refuseVerdicts = (source: Source, columns: readonly string[]): void => {
  for (const column of columns.filter((name) => VERDICTS.includes(name)))
    throw source.error(
      ["query"],
      `gives a column '${column}', which decides nothing: take it out and say it in the field '${column}', of the rule or of one of its variants`,
    );
};

const checkVerdict = (names: Names, path: FieldPath, verdict: Partial<Verdict>): void => {
  for (const field of ["symptom", "impact", "cause", "durable", "doubt", "unknown"] as const)
    for (const text of textsOf(verdict[field])) names.text([...path, field], text);
  checkRepair(new Names(names.source, [...names.known, "id"]), [...path, "repair"], verdict.repair ?? {});
};

const checkRepair = (names: Names, path: FieldPath, { command, steps }: RepairFile): void => {
  if (command !== undefined) names.text([...path, "command"], command);
  for (const [i, step] of (steps ?? []).entries()) names.text([...path, "steps", i], step);
};

/** With NULL for each placeholder the query has the columns that it has with any value. */
const eachColumns = (
  names: Names,
  path: FieldPath,
  query: string,
  queries: QueryCheck,
): readonly string[] => {
  names.text(path, query);
  return prepared(names.source, path, withoutValues(query), queries);
};

const withoutValues = (query: string): string => {
  const template = templateOf(query);
  const empty = Object.fromEntries(template.columns.map((column) => [column, null]));
  return template.render(empty, () => "NULL");
};

/** The tables that the queries of a rule whose names were checked read; sorted. */
export const tablesReadBy = ({ query, evidence }: RuleFile, queries: QueryCheck): readonly string[] => {
  const each = evidence.flatMap((one) => (one.each === undefined ? [] : [withoutValues(one.each)]));
  return [...new Set([query, ...each].flatMap((sql) => queries.tablesOf(sql)))].sort();
};

const prepared = (source: Source, path: FieldPath, query: string, queries: QueryCheck): readonly string[] => {
  try {
    return queries.columnsOf(query);
  } catch (error) {
    throw source.error(path, `does not prepare: ${error instanceof Error ? error.message : error}`);
  }
};

/** The columns that a field may name. */
class Names {
  constructor(
    readonly source: Source,
    readonly known: readonly string[],
  ) {}

  column(path: FieldPath, name: string): void {
    if (!this.known.includes(name))
      throw this.source.error(path, `the query gives no column '${name}'.${didYouMean(name, this.known)}`);
  }

  columns(path: FieldPath, names: Readonly<Record<string, string>>): void {
    for (const [key, column] of Object.entries(names)) this.column([...path, key], column);
  }

  condition(path: FieldPath, condition: Condition): void {
    for (const column of Object.keys(condition)) this.column([...path, column], column);
  }

  text(path: FieldPath, text: string): void {
    for (const column of this.#columnsIn(path, text)) this.column(path, column);
  }

  #columnsIn(path: FieldPath, text: string): readonly string[] {
    try {
      return templateOf(oneLine(text)).columns;
    } catch (error) {
      throw this.source.error(path, error instanceof Error ? error.message : String(error));
    }
  }
}
