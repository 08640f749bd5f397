import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { RefusedError, UsageError } from "../cluster/errors.js";
import { fingerprintOf, sealed } from "./fingerprint.js";
import { contradiction } from "./mark.js";
import { PLAN, type Plan, type PlanCluster } from "./plan.js";
import { unbelieved } from "./unbelieved.js";

const SCHEMA = 1;

/**
 * Writes a plan for a person to review: whole or not at all, and on disk when it returns. Readable by its owner alone, because row
 * images are in it. Throws `UsageError` where the file can not be written.
 */
export const writePlan = (path: string, plan: Plan): void => {
  const temporary = `${path}.${plan.id}.tmp`;
  try {
    const file = openSync(temporary, "w", 0o600);
    try {
      writeSync(file, `${JSON.stringify(sealed(plan), null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UsageError(`the plan can not be written to ${path}: ${wordsOf(error)}`);
  }
};

/** Throws `UsageError` for a file that is unreadable, no JSON, no plan, of a newer vtdoctor, or not as it was when it was made, and as `unbelieved`. */
export const readPlan = (path: string): Plan => {
  const { plan, sha256 } = readSealed(path);
  if (sha256 === undefined)
    throw new UsageError(
      `the plan ${path} has no sha256, so whether it is what was reviewed can not be known: make a new one with \`${plan.command}\``,
    );
  return plan;
};

/** The plan of a run's folder: earlier ones have no `sha256`, and can still be taken back. Throws as `readPlan`. */
export const readRunPlan = (path: string): Plan => readSealed(path).plan;

function readSealed(path: string): { readonly plan: Plan; readonly sha256: unknown } {
  const value = parse(path, read(path));
  if (!isPlanObject(value))
    throw new UsageError(
      `${path} is not a plan of vtdoctor: make one with vtdoctor fix --dry-run --out FILE`,
    );
  if (typeof value.schema === "number" && value.schema > SCHEMA)
    throw new UsageError(
      `the plan ${path} has schema ${value.schema}, and this vtdoctor knows ${SCHEMA}: execute it with the vtdoctor that made it`,
    );
  const { sha256, ...plan } = value;
  const fits = planForm();
  if (!fits(plan)) throw new UsageError(`the plan ${path} is damaged: ${where(fits.errors?.[0])}`);
  if (sha256 !== undefined && sha256 !== fingerprintOf(plan))
    throw new UsageError(
      `the plan ${path} was changed after it was made (it says sha256 ${sha256} and has ${fingerprintOf(plan)}): put it back as it was, or make a new one with \`${plan.command}\``,
    );
  return { plan: unbelieved(plan, path), sha256 };
}

let compiled: ValidateFunction<Plan> | null = null;

/** Compiled once, and not before a plan is read: it takes 30 ms, and a shelf of runs has a plan each. */
const planForm = (): ValidateFunction<Plan> => {
  compiled ??= new Ajv({ discriminator: true }).compile<Plan>(PLAN.schema);
  return compiled;
};

/**
 * Throws `RefusedError` where the plan was made for other roots, other servers, or other etcd clusters at the same addresses. A server
 * that does not answer now is proven before the first step.
 */
export const refuseForeign = (plan: Plan, cluster: PlanCluster): void => {
  const made = plan.cluster;
  if (made.globalRoot !== cluster.globalRoot)
    throw new RefusedError(
      `plan ${plan.id} was made for the global root ${made.globalRoot}, not for ${cluster.globalRoot}: make a new one here`,
    );
  for (const { name, server, root } of made.roots) {
    if (!cluster.roots.some((one) => one.name === name && one.server === server && one.root === root))
      throw new RefusedError(
        `plan ${plan.id} was made where ${name === "global" ? "the global topology" : `cell ${name}`} is at ${server}${root}, and here it is not: make a new one here`,
      );
  }
  for (const [server, expected] of Object.entries(made.clusterIds)) {
    const found = cluster.clusterIds[server] ?? expected;
    if (found !== expected)
      throw new RefusedError(
        `plan ${plan.id} was made for etcd cluster ${expected}, and ${server} is ${found}: make a new one here`,
      );
    const key = contradiction(
      made.marks.filter((mark) => mark.server === server),
      cluster.marks.filter((mark) => mark.server === server),
    );
    if (cluster.clusterIds[server] !== undefined && key !== null)
      throw new RefusedError(
        `plan ${plan.id} was made for another cluster than the one at ${server}, by ${key}, though both are etcd cluster ${expected}: make a new one here`,
      );
  }
};

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`the plan ${path} can not be read: ${wordsOf(error)}`);
  }
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

const where = (error: ErrorObject | null | undefined): string => {
  if (!error) return "it does not have the form of a plan";
  const place = error.instancePath === "" ? "its top level" : error.instancePath;
  const extra = error.params.additionalProperty ?? error.params.tagValue;
  return `${place} ${error.message ?? "is wrong"}${extra === undefined ? "" : ` (${JSON.stringify(extra)})`}`;
};

const syncDirectory = (path: string): void => {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
};

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
