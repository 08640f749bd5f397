import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { Suppression } from "../findings/suppression.js";

const KEYS = ["finding", "reason", "until"];

export function readSuppressions(path: string, given: unknown): readonly Suppression[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw new UsageError(`${path}: key "suppressions" must be a list.`);
  return given.map((entry, index) => readOne(`${path}: suppressions[${index}]`, entry));
}

function readOne(where: string, entry: unknown): Suppression {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    throw new UsageError(`${where}: must have finding, reason and until.`);
  const fields = entry as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    if (!KEYS.includes(key)) throw new UsageError(`${where}: unknown key "${key}".${didYouMean(key, KEYS)}`);
  }
  const { finding, reason, until } = fields;
  if (typeof finding !== "string" || finding === "")
    throw new UsageError(`${where}: finding must be a finding's or a rule's id.`);
  if (typeof reason !== "string" || reason === "")
    throw new UsageError(`${where}: reason must say why ${finding} is accepted.`);
  const time = typeof until === "string" ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(`${where}: until must be a date like 2027-01-31: a suppression expires.`);
  return { finding, reason, until: time };
}
