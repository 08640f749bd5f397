import { didYouMean } from "../cluster/suggest.js";
import type { CompiledRule } from "./compiled.js";
import type { Condition, Example, Expected, RepairTemplate, Rule, Value, Variant } from "./rule.js";
import type {
  ConditionFile,
  ExampleFile,
  ExpectedFile,
  RepairFile,
  RuleFile,
  VariantFile,
} from "./rule-file.js";
import type { FieldPath, RuleSource } from "./source.js";
import { compileTemplate, type Template } from "./template.js";

/** Placeholders that every rule's repair may use besides its columns. */
const BUILT_IN = ["id"] as const;

/**
 * One rule from its text. `id` must be the file's name and `family` the folder's. Throws a UsageError with file, line and field
 * where a name is wrong, or a placeholder, object or condition names no column of the query's result.
 */
export const parseRule = (
  source: Pick<RuleSource, "file" | "error">,
  { value: file, columns }: CompiledRule,
  family: string,
  fileId: string,
): Rule => {
  if (file.id !== fileId) throw source.error(["id"], `is '${file.id}', but the file is ${fileId}.yaml`);
  const check = new ColumnCheck(source, columns);
  return {
    id: file.id,
    family,
    file: source.file,
    title: file.title,
    needs: file.needs,
    query: file.query,
    columns,
    object: check.map(["object"], file.object),
    locator: check.template(["locator"], file.locator),
    evidence: file.evidence.map((evidence, i) => {
      const each = evidence.each ?? null;
      if (each !== null) check.column(["evidence", i, "each"], each);
      const compile = (field: "fact" | "source" | "at" | "query") =>
        // With `each`, a placeholder may be a field of the array's objects, which only data can show.
        check.template(["evidence", i, field], evidence[field], each !== null);
      return {
        each,
        fact: compile("fact"),
        source: compile("source"),
        at: compile("at"),
        query: compile("query"),
      };
    }),
    verdict: {
      severity: file.severity,
      symptom: check.template(["symptom"], file.symptom),
      impact: check.template(["impact"], file.impact),
      cause: check.template(["cause"], file.cause),
      repair: repairOf(check, ["repair"], file.repair),
    },
    variants: (file.variants ?? []).map((variant, i) => variantOf(check, ["variants", i], variant)),
    follows: (file.follows ?? []).map((follows, i) => ({
      rule: follows.rule,
      on: check.map(["follows", i, "on"], follows.on),
      when: conditionOf(check, ["follows", i, "when"], follows.when ?? {}),
    })),
    messages: file.messages,
    examples: examplesOf(file),
  };
};

/** Every name that a rule takes from its query's result. */
class ColumnCheck {
  constructor(
    private readonly source: Pick<RuleSource, "error">,
    private readonly columns: readonly string[],
  ) {}

  column(path: FieldPath, name: string): void {
    if (!this.columns.includes(name))
      throw this.source.error(path, `the query gives no column '${name}'.${didYouMean(name, this.columns)}`);
  }

  map(path: FieldPath, names: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    for (const [key, column] of Object.entries(names)) this.column([...path, key], column);
    return names;
  }

  template(path: FieldPath, text: string, open = false, builtIn: readonly string[] = []): Template {
    const template = this.compiled(path, text);
    for (const column of template.columns) if (!open && !builtIn.includes(column)) this.column(path, column);
    return template;
  }

  private compiled(path: FieldPath, text: string): Template {
    try {
      return compileTemplate(text.trim().replace(/\s*\n\s*/g, " "));
    } catch (error) {
      throw this.source.error(path, error instanceof Error ? error.message : String(error));
    }
  }
}

const repairOf = (check: ColumnCheck, path: FieldPath, file: RepairFile): RepairTemplate => ({
  recipe: file.recipe ?? null,
  class: file.class,
  command: check.template([...path, "command"], file.command, false, BUILT_IN),
  steps: (file.steps ?? []).map((step, i) => check.template([...path, "steps", i], step, false, BUILT_IN)),
});

const variantOf = (check: ColumnCheck, path: FieldPath, file: VariantFile): Variant => ({
  when: conditionOf(check, [...path, "when"], file.when),
  ...(file.severity === undefined ? {} : { severity: file.severity }),
  ...(file.symptom === undefined ? {} : { symptom: check.template([...path, "symptom"], file.symptom) }),
  ...(file.impact === undefined ? {} : { impact: check.template([...path, "impact"], file.impact) }),
  ...(file.cause === undefined ? {} : { cause: check.template([...path, "cause"], file.cause) }),
  ...(file.repair === undefined ? {} : { repair: repairOf(check, [...path, "repair"], file.repair) }),
});

const conditionOf = (check: ColumnCheck, path: FieldPath, file: ConditionFile): Condition =>
  Object.fromEntries(
    Object.entries(file).map(([column, values]) => {
      check.column([...path, column], column);
      return [column, isList(values) ? values : [values]];
    }),
  );

const isList = (values: Value | readonly Value[]): values is readonly Value[] => Array.isArray(values);

const examplesOf = (file: RuleFile): Rule["examples"] => ({
  sick: file.examples.sick.map(exampleOf),
  healthy: file.examples.healthy.map(exampleOf),
});

const exampleOf = (file: ExampleFile): Example => ({
  name: file.name,
  recording: file.recording ?? null,
  snapshot: file.snapshot ?? null,
  rows: file.rows ?? {},
  sql: file.sql ?? [],
  finds: (file.finds ?? []).map(expectedOf),
});

const expectedOf = (file: string | ExpectedFile): Expected => {
  const expected = typeof file === "string" ? { id: file } : file;
  return {
    id: expected.id,
    severity: expected.severity ?? null,
    state: expected.state ?? null,
    causedBy: expected.causedBy ?? null,
    says: expected.says ?? null,
  };
};
