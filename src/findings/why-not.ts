import type { FindingState } from "./finding.js";

/** Why a rule does not find an object, or how sure it is of it. */
export interface WhyNot {
  readonly rule: string;
  readonly object: string;
  /** False: tables that it reads have such objects, and none of this name. */
  readonly known: boolean;
  /** Of the finding, with the reason; null: there is none. */
  readonly found: { readonly state: FindingState; readonly because: string } | null;
  /** Of the query: without one of these it would find the object, or without both of a pair; empty: without no two. */
  readonly conditions: readonly (readonly MissedCondition[])[];
  /** What the tables that the query reads have of the object. */
  readonly facts: readonly LookedAt[];
  /** Sources that could have told of the object and did not answer. */
  readonly silent: readonly string[];
}

export interface MissedCondition {
  readonly text: string;
  /** The view whose condition it is; null: the query's own. */
  readonly view: string | null;
}

export interface LookedAt {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
}
