/** What is wrong, with its proof (docs/json.md#scan). Immutable; the same snapshot bytes give the same findings bytes. */
export interface Finding {
  /** `rule@object`, nothing volatile: an operator can type it. */
  readonly id: string;
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  readonly state: FindingState;
  /** Why it is in that state: the durable fact, the operation that defers it, the source that is missing. */
  readonly because: string;
  readonly object: Readonly<Record<string, string>>;
  readonly symptom: string;
  readonly evidence: readonly Evidence[];
  /** Id of the finding that this one follows from; null for a root. */
  readonly causedBy: string | null;
  readonly impact: string;
  readonly cause: string;
  readonly repair: Repair;
  /** Unix milliseconds of the earliest observation in the snapshot or snapshots judged. */
  readonly firstSeen: number;
}

export type Severity = "critical" | "warning" | "info";
export const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

export type FindingState = "confirmed" | "suspected" | "deferred" | "unknown" | "suppressed";

export interface Evidence {
  readonly fact: string;
  /** An etcd key, or `table@address` for what a tablet said. */
  readonly source: string;
  /** etcd revision, or unix milliseconds of the observation. */
  readonly at: string;
  /** A query over the snapshot that shows it. */
  readonly query: string;
}

export interface Repair {
  /** Recipe of `src/plan/recipes`, or null for manual steps only. */
  readonly recipe: string | null;
  readonly class: "safe" | "confirm" | "manual" | "none";
  /** What to type next. */
  readonly command: string;
  readonly steps: readonly string[];
}

/** Worst first, then by id in code units: the same in every locale (docs/decisions.md#p11). */
export const compareFindings = (a: Finding, b: Finding): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
