import type { Repair, Severity } from "../findings/finding.js";
import type { Need, Row, Value } from "./rule.js";

/** A rule file as it is written, once `rules/rule.schema.json` has accepted it. */
export interface RuleFile {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly needs: readonly Need[];
  readonly query: string;
  readonly object: Readonly<Record<string, string>>;
  readonly locator: string;
  readonly symptom: string;
  readonly evidence: readonly EvidenceFile[];
  readonly impact: string;
  readonly cause: string;
  readonly repair: RepairFile;
  readonly variants?: readonly VariantFile[];
  readonly follows?: readonly FollowsFile[];
  readonly messages: readonly string[];
  readonly examples: { readonly sick: readonly ExampleFile[]; readonly healthy: readonly ExampleFile[] };
}

interface EvidenceFile {
  readonly each?: string;
  readonly fact: string;
  readonly source: string;
  readonly at: string;
  readonly query: string;
}

export interface RepairFile {
  readonly recipe?: string;
  readonly class: Repair["class"];
  readonly command: string;
  readonly steps?: readonly string[];
}

export type ConditionFile = Readonly<Record<string, Value | readonly Value[]>>;

export interface VariantFile {
  readonly when: ConditionFile;
  readonly severity?: Severity;
  readonly symptom?: string;
  readonly impact?: string;
  readonly cause?: string;
  readonly repair?: RepairFile;
}

interface FollowsFile {
  readonly rule: string;
  readonly on: Readonly<Record<string, string>>;
  readonly when?: ConditionFile;
}

export interface ExampleFile {
  readonly name: string;
  readonly recording?: string;
  readonly snapshot?: string;
  readonly rows?: Readonly<Record<string, readonly Row[]>>;
  readonly sql?: readonly string[];
  readonly finds?: readonly (string | ExpectedFile)[];
}

export interface ExpectedFile {
  readonly id: string;
  readonly severity?: string;
  readonly state?: string;
  readonly causedBy?: string;
  readonly says?: string;
}
