import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { UsageError } from "../cluster/errors.js";
import { fingerprintOf, sealed } from "./fingerprint.js";
import { PLAN, type Plan } from "./plan.js";
import { unbelieved } from "./unbelieved.js";

const SCHEMA = 1;

/** The text of a plan's file. */
export const savedPlan = (plan: Plan): string => `${JSON.stringify(sealed(plan), null, 2)}\n`;

/**
 * The plan of such a text, and the SHA-256 it says of itself. Throws `UsageError`, which names the file, where it is no JSON, no plan,
 * of a newer vtdoctor, or not as it was when it was made, and as `unbelieved`.
 */
export function parsePlan(path: string, text: string): { readonly plan: Plan; readonly sha256: unknown } {
  const value = parse(path, text);
  if (!isPlanObject(value))
    throw new UsageError(
      `${path} is not a plan of vtdoctor: make one with vtdoctor fix --all --dry-run --out FILE`,
    );
  if (typeof value.schema === "number" && value.schema > SCHEMA)
    throw new UsageError(
      `the plan ${path} has schema ${value.schema}, and this vtdoctor knows ${SCHEMA}: execute it with the vtdoctor that made it`,
    );
  const { sha256, ...plan } = value;
  const fits = planForm();
  if (!fits(plan)) {
    const [fault] = fits.errors ?? [];
    const kind = unknownKind(fault);
    throw new UsageError(
      kind === null
        ? `the plan ${path} is damaged: ${where(fault)}`
        : `the plan ${path} has a step of kind ${kind}, which this vtdoctor does not know: make a new one, or execute it with the vtdoctor that made it`,
    );
  }
  if (sha256 !== undefined && sha256 !== fingerprintOf(plan))
    throw new UsageError(
      `the plan ${path} was changed after it was made (it says sha256 ${sha256} and has ${fingerprintOf(plan)}): put it back as it was, or make a new one with \`${plan.command}\``,
    );
  return { plan: unbelieved(plan, path), sha256 };
}

let compiled: ValidateFunction<Plan> | null = null;

/** Compiled once, and not before a plan is read: a shelf of runs has a plan each. To optimize its code would take as long again. */
const planForm = (): ValidateFunction<Plan> => {
  compiled ??= new Ajv({ discriminator: true, code: { optimize: false } }).compile<Plan>(PLAN.schema);
  return compiled;
};

const parse = (path: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the plan ${path} is not JSON, or was cut off: ${wordsOf(error)}`);
  }
};

const isPlanObject = (
  value: unknown,
): value is { readonly kind: string; readonly schema?: unknown; readonly sha256?: unknown } =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "vtdoctor-plan";

/** A kind of step that another vtdoctor had or has; null: that is not what is wrong. */
const unknownKind = (error: ErrorObject | undefined): string | null =>
  error?.keyword === "discriminator" &&
  /^\/stages\/\d+\/steps\/\d+$/.test(error.instancePath) &&
  typeof error.params.tagValue === "string"
    ? error.params.tagValue
    : null;

const where = (error: ErrorObject | null | undefined): string => {
  if (!error) return "it does not have the form of a plan";
  const place = error.instancePath === "" ? "its top level" : error.instancePath;
  const extra = error.params.additionalProperty ?? error.params.tagValue;
  return `${place} ${error.message ?? "is wrong"}${extra === undefined ? "" : ` (${JSON.stringify(extra)})`}`;
};

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
