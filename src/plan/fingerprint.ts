import { createHash } from "node:crypto";
import type { Plan } from "./plan.js";

/** A plan as it is saved: with what it was when it was made, so that an edit is seen. It keeps out mistakes, not forgers. */
export type SealedPlan = Plan & { readonly sha256: string };

export const sealed = (plan: Plan): SealedPlan => ({ ...plan, sha256: fingerprintOf(plan) });

/**
 * SHA-256 of the plan's canonical JSON (no spaces, keys sorted), in hex: a file that was only laid out anew has the same. Without what was
 * foreseen, which nobody believes from a file.
 */
export const fingerprintOf = ({ foreseen: _foreseen, ...plan }: Plan): string =>
  createHash("sha256")
    .update(JSON.stringify(plan, (_, value) => (isRecord(value) ? inOrder(value) : value)))
    .digest("hex");

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const inOrder = (record: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
