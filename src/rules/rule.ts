import type { Repair, Severity } from "../findings/finding.js";
import type { Where } from "../snapshot/database.js";
import type { Rows } from "../snapshot/gen/tables.js";

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
type Need = (typeof NEEDS)[number];

/** A rule as it is written (docs/writing-rules.md), once `rules/rule.schema.json` and `check.ts` have accepted it. */
export interface RuleFile extends Verdict {
  readonly id: string;
  readonly title: string;
  /** Ids of the catalogue's drifts that it finds. */
  readonly drifts: readonly string[];
  /** Why it has its severity. */
  readonly because: string;
  /** How it depends on the version of Vitess; absent: it does not. */
  readonly versions?: string;
  readonly needs: readonly Need[];
  readonly query: string;
  /** Key of the object -> column. */
  readonly object: Readonly<Record<string, string>>;
  /** The typable part of the finding's id, after `@`. */
  readonly locator: string;
  readonly evidence: readonly EvidenceFile[];
  readonly variants?: readonly Variant[];
  readonly follows?: readonly Follows[];
  readonly messages: readonly string[];
  /** Public reports (`vitess#N`, `operator#N`, `website#N`), or a file of Vitess with its version. */
  readonly references?: readonly string[];
  readonly examples: { readonly sick: readonly Example[]; readonly healthy: readonly Example[] };
}

/** With what follows from its queries. */
export interface CheckedRule extends RuleFile {
  /** The tables of the snapshot, derived ones too, that they read, also through views. */
  readonly reads: readonly string[];
}

export interface Rule extends CheckedRule {
  /** The folder it lies in. */
  readonly family: string;
  /** Its path, as messages name it. */
  readonly file: string;
  /** The folder that `--rules` named; null: vtdoctor ships it. */
  readonly folder: string | null;
}

/** What is said of an object. */
export interface Verdict {
  readonly severity: Severity;
  readonly symptom: string;
  readonly impact: string;
  readonly cause: string;
  readonly repair: RepairFile;
  /** The fact that can not be a passing moment. */
  readonly durable?: Texts;
  /** Why no number of looks makes it sure. */
  readonly doubt?: Texts;
  /** Seconds that two looks have to be apart to confirm it, where 30 do not do: an operation that shows no lock may take so long. */
  readonly settle_s?: number;
  /** Why the object can not be judged. */
  readonly unknown?: Texts;
}

/** The first whose columns are all there applies. */
export type Texts = string | readonly string[];

export interface RepairFile {
  readonly recipe?: string;
  /** Without one: manual. */
  readonly class?: Repair["class"];
  /** Without one: `vtdoctor explain {id}`. */
  readonly command?: string;
  readonly steps?: readonly string[];
}

/** Each field of the verdict is taken from the first variant that matches the row and names it. */
export interface Variant extends Partial<Verdict> {
  readonly when: Condition;
}

/** Column -> the value, or one of the values, that it must have. */
export type Condition = Readonly<Record<string, Value | readonly Value[]>>;

/** One fact; with `each`, one per row of that query, whose columns it may name too. Left out where a placeholder is NULL. */
export interface EvidenceFile {
  readonly each?: string;
  readonly fact: string;
  readonly source: string;
  readonly at: string;
  readonly query: string;
}

/** This rule's finding is part of the story of that rule's finding where the objects agree. */
export interface Follows {
  readonly rule: string;
  /** Key of the other's object -> own column. */
  readonly on: Readonly<Record<string, string>>;
  readonly when?: Condition;
}

/** A cluster state with what this rule must say of it. */
export interface Example {
  readonly name: string;
  readonly recording?: string;
  readonly snapshot?: string;
  /** Table -> rows. Rows of fact tables are there before the derived facts are computed, the others are added after. */
  readonly rows?: Readonly<Record<string, readonly Row[]>>;
  /** Statements that change the derived state last. */
  readonly sql?: readonly string[];
  /** Of a healthy one: nothing. */
  readonly finds?: readonly (string | Expected)[];
}

export interface Expected {
  readonly id: string;
  readonly severity?: string;
  readonly state?: string;
  readonly causedBy?: string;
  /** A part of its symptom. */
  readonly says?: string;
  /** A part of one of its repair's steps. */
  readonly advises?: string;
}
