import type { Severity } from "./finding.js";

/** What a report tells of a rule, without the means to run it. Texts keep their `{column}` placeholders. */
export interface RuleCard {
  readonly id: string;
  /** The folder it lies in: records, streams, locks, ... */
  readonly family: string;
  readonly file: string;
  /** The command that prints it. */
  readonly show: string;
  readonly title: string;
  readonly severity: Severity;
  /** Why it has this severity. */
  readonly because: string;
  /** Ids of the catalogue's drifts that it finds. */
  readonly drifts: readonly string[];
  /** How it depends on the version of Vitess; null: it does not. */
  readonly versions: string | null;
  /** Domains of the `unanswered` table whose silence makes its verdict unknown (docs/decisions.md#d10). */
  readonly needs: readonly string[];
  readonly query: string;
  readonly symptom: string;
  readonly impact: string;
  readonly cause: string;
  /** What an operator would search for. */
  readonly messages: readonly string[];
  /** Public reports, or files of Vitess with their version. */
  readonly references: readonly string[];
  readonly command: string;
  readonly steps: readonly string[];
  readonly variants: readonly CardVariant[];
  /** Rules whose findings its own may be part of. */
  readonly follows: readonly string[];
  /** Names of the states that it is tested with. */
  readonly examples: { readonly sick: readonly string[]; readonly healthy: readonly string[] };
}

/** What differs for the objects that `when` describes; null: as the rule itself. */
export interface CardVariant {
  readonly when: string;
  readonly severity: Severity | null;
  readonly symptom: string | null;
  readonly impact: string | null;
  readonly cause: string | null;
  readonly command: string | null;
  readonly steps: readonly string[];
}
