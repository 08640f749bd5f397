import type { Repair, Severity } from "../findings/finding.js";
import type { Where } from "../snapshot/database.js";
import type { Rows } from "../snapshot/gen/tables.js";
import type { Template } from "./template.js";

export type Value = string | number | null;
/** One result row of a rule's query. */
export type Row = Readonly<Record<string, Value>>;

/** What a rule asks: a Snapshot, or the small database of an example. Every query is a SELECT. */
export interface Queryable {
  all<T>(sql: string, ...params: readonly Value[]): readonly T[];
  rows<T extends keyof Rows>(table: T, where?: Where<T>): readonly Rows[T][];
}

/** Sources that can be silent: the domains of the snapshot's `unanswered` table. */
export const NEEDS = ["topology", "cell", "history", "tablet", "sidecar", "schema", "mysql"] as const;
export type Need = (typeof NEEDS)[number];

/** A rule file, validated, its templates compiled and its query prepared once (docs/decisions.md#d2). */
export interface Rule {
  readonly id: string;
  readonly family: string;
  readonly file: string;
  readonly title: string;
  readonly needs: readonly Need[];
  readonly query: string;
  /** Columns of the query's result. */
  readonly columns: readonly string[];
  /** Key of the object -> column. */
  readonly object: Readonly<Record<string, string>>;
  /** The typable part of the finding's id, after `@`. */
  readonly locator: Template;
  readonly evidence: readonly EvidenceTemplate[];
  readonly verdict: Verdict;
  /** The first that matches the row replaces what it names. */
  readonly variants: readonly Variant[];
  readonly follows: readonly Follows[];
  readonly messages: readonly string[];
  readonly examples: { readonly sick: readonly Example[]; readonly healthy: readonly Example[] };
}

/** What is said of an object. */
interface Verdict {
  readonly severity: Severity;
  readonly symptom: Template;
  readonly impact: Template;
  readonly cause: Template;
  readonly repair: RepairTemplate;
}

export interface RepairTemplate {
  readonly recipe: string | null;
  readonly class: Repair["class"];
  readonly command: Template;
  readonly steps: readonly Template[];
}

export interface Variant extends Partial<Verdict> {
  readonly when: Condition;
}

/** Column -> the value, or one of the values, that it must have. */
export type Condition = Readonly<Record<string, readonly Value[]>>;

/** One fact, or with `each` one fact per object of that column's JSON array. Left out where a placeholder is NULL. */
export interface EvidenceTemplate {
  readonly each: string | null;
  readonly fact: Template;
  readonly source: Template;
  readonly at: Template;
  readonly query: Template;
}

/** This rule's finding is part of the story of that rule's finding where the objects agree. */
export interface Follows {
  readonly rule: string;
  /** Key of the other's object -> own column. */
  readonly on: Readonly<Record<string, string>>;
  readonly when: Condition;
}

/** A cluster state with what this rule must say of it. */
export interface Example {
  readonly name: string;
  readonly recording: string | null;
  readonly snapshot: string | null;
  /** Table -> rows. Rows of fact tables are there before the derived facts are computed, the others are added after. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  /** Statements that change the derived state last. */
  readonly sql: readonly string[];
  readonly finds: readonly Expected[];
}

export interface Expected {
  readonly id: string;
  readonly severity: string | null;
  readonly state: string | null;
  readonly causedBy: string | null;
  /** A part of its symptom. */
  readonly says: string | null;
}
