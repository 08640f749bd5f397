import { readFileSync } from "node:fs";
import type { ErrorObject, ValidateFunction } from "ajv";
import { ajv } from "../cluster/libraries.js";
import { didYouMean } from "../cluster/suggest.js";
import type { CheckedRule, RuleFile } from "../rules/rule.js";
import { checkNames, tablesReadBy } from "./names.js";
import type { QueryCheck } from "./query-check.js";
import type { FieldPath, RuleSource } from "./source.js";

/** Shipped in the package, so that an editor can use it on a user's rules too. */
const SCHEMA_FILE = new URL("../../rules/rule.schema.json", import.meta.url);

let validator: ValidateFunction<RuleFile> | null = null;

/** Made when it is first needed: a scan whose rules the build has checked never is. */
const schemaValidator = (): ValidateFunction<RuleFile> => {
  validator ??= new (ajv().Ajv)({ strict: true, allowUnionTypes: true, verbose: true }).compile<RuleFile>(
    JSON.parse(readFileSync(SCHEMA_FILE, "utf8")),
  );
  return validator;
};

/** Throws a UsageError with file, line and field where the text is no rule, a query does not prepare or a name is wrong. */
export const checked = (source: RuleSource, queries: QueryCheck): CheckedRule => {
  const rule = validate(source);
  checkNames(source, rule, queries);
  return { ...rule, reads: tablesReadBy(rule, queries) };
};

/** Throws a UsageError with file, line, field and, where a name is nearly right, the right one. */
const validate = (source: RuleSource): RuleFile => {
  const accepts = schemaValidator();
  if (accepts(source.value)) return source.value;
  const errors = accepts.errors ?? [];
  const error = errors.find((one) => one.keyword !== "anyOf") ?? errors[0];
  if (error === undefined) throw source.error([], "is not a rule");
  throw source.error(fieldOf(error), messageOf(error));
};

const fieldOf = (error: ErrorObject): FieldPath => {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return error.keyword === "additionalProperties" ? [...path, String(error.params.additionalProperty)] : path;
};

const messageOf = (error: ErrorObject): string => {
  const parent = error.parentSchema as { properties?: object; enum?: readonly string[] };
  switch (error.keyword) {
    case "additionalProperties": {
      const known = Object.keys(parent.properties ?? {});
      return `unknown field.${didYouMean(String(error.params.additionalProperty), known)}`;
    }
    case "required":
      return `field '${error.params.missingProperty}' is missing`;
    case "enum": {
      const known = parent.enum ?? [];
      return `'${error.data}' is not one of ${known.join(", ")}.${didYouMean(String(error.data), known)}`;
    }
    case "minItems":
      return error.instancePath.startsWith("/examples/")
        ? "needs at least one example: a rule without sick and near-miss healthy examples can not be trusted"
        : "must not be empty";
    default:
      return error.message ?? "is not valid";
  }
};
