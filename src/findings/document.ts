import type { Coverage } from "./coverage.js";
import { type Envelope, envelope } from "./envelope.js";
import type { Finding, FindingState, Severity } from "./finding.js";
import type { Suppression } from "./suppression.js";
import { decideExit, type FailOn } from "./verdict.js";

/** What `scan --format json` prints (docs/json.md#scan); its JSON Schema is `document.schema.json`. */
export interface ScanDocument extends Envelope {
  readonly cluster: ClusterInfo;
  readonly coverage: Coverage;
  readonly summary: Summary;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

export interface ClusterInfo {
  readonly globalServer: string;
  readonly root: string;
  /** Unix milliseconds. */
  readonly takenAt: number;
  /** Server -> etcd revision at which it was read (docs/decisions.md#d6). */
  readonly revisions: Readonly<Record<string, number>>;
  /** Server -> oldest revision that could still be read; what happened before is unknown (docs/decisions.md#d7). */
  readonly historyHorizon: Readonly<Record<string, number>>;
}

interface Summary {
  /** Findings that are confirmed, by severity. */
  readonly confirmed: Readonly<Record<Severity, number>>;
  /** Findings of every severity, by state. */
  readonly states: Readonly<Record<FindingState, number>>;
  readonly expiredSuppressions: readonly ExpiredSuppression[];
}

interface ExpiredSuppression {
  readonly finding: string;
  readonly reason: string;
  /** `2027-01-31`. */
  readonly until: string;
}

export interface ScanInput {
  readonly version: string;
  readonly failOn: FailOn;
  readonly cluster: ClusterInfo;
  readonly coverage: Coverage;
  readonly findings: readonly Finding[];
  readonly expired: readonly Suppression[];
}

export const scanDocument = (input: ScanInput): ScanDocument => {
  const { name, reasons } = decideExit(input.findings, input.coverage, input.failOn);
  return {
    ...envelope(input.version, name, reasons),
    cluster: input.cluster,
    coverage: input.coverage,
    summary: {
      confirmed: confirmedBySeverity(input.findings),
      states: byState(input.findings),
      expiredSuppressions: input.expired.map(({ finding, reason, until }) => ({
        finding,
        reason,
        until: new Date(until).toISOString().slice(0, 10),
      })),
    },
    findings: input.findings,
  };
};

const confirmedBySeverity = (findings: readonly Finding[]): Summary["confirmed"] => {
  const confirmed = findings.filter(({ state }) => state === "confirmed");
  const count = (severity: Severity) => confirmed.filter((finding) => finding.severity === severity).length;
  return { critical: count("critical"), warning: count("warning"), info: count("info") };
};

const byState = (findings: readonly Finding[]): Summary["states"] => {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length;
  return {
    confirmed: count("confirmed"),
    suspected: count("suspected"),
    deferred: count("deferred"),
    unknown: count("unknown"),
    suppressed: count("suppressed"),
  };
};
