import type { Severity } from "./finding.js";

/** A state in which the records of a cluster and what really runs have come apart (`rules/catalogue.yaml`). */
export interface Drift {
  /** Letter of its family and a number: A7. */
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** Of its worst case. */
  readonly severity: Severity;
  /** How it can be repaired at best. */
  readonly repair: "safe" | "confirm" | "manual";
  /** Absent: a rule can tell it. */
  readonly not_decidable?: NotDecidable;
}

interface NotDecidable {
  /** Why no rule can tell it from outside. */
  readonly why: string;
  readonly needs: string;
}
