import { type Coverage, silenceText } from "./coverage.js";
import type { Exit } from "./envelope.js";
import { type Finding, SEVERITIES, type Severity } from "./finding.js";

/** `--fail-on`: the least severity that makes a scan exit 1. */
export type FailOn = Severity | "never";

/**
 * How a scan ends (README.md#for-cron). Confirmed findings at or above the threshold decide it. Where there are none, the scan is
 * incomplete as soon as something that could have been one was not seen: a silent required source, a finding that could not be judged,
 * a rule that failed, or a critical one that is suspected or deferred (docs/decisions.md#d26). Other suspected and deferred findings decide
 * nothing, but are named.
 */
export const decideExit = (
  findings: readonly Finding[],
  coverage: Coverage,
  failOn: FailOn,
): Omit<Exit, "code"> => {
  const counted = findings.filter((finding) => atOrAbove(finding.severity, failOn));
  const confirmed = counted.filter(({ state }) => state === "confirmed");
  const unjudged = [
    ...coverage.unanswered.filter(({ required }) => required).map(silenceText),
    ...findings
      .filter((finding) => finding.state === "unknown" && (isAboutRule(finding) || counted.includes(finding)))
      .map(({ id, because }) => `${id} could not be judged: ${because}`),
  ];
  const undecided = counted.filter(({ state }) => state === "suspected" || state === "deferred");
  const open = undecided.map(({ id, state, because }) => `${id} is ${state}: ${because}`);
  const mayBeCritical = undecided.some(({ severity }) => severity === "critical");
  const proven = confirmed.map(({ id }) => `${id} is confirmed`);
  if (confirmed.length > 0) return { name: "findings", reasons: [...proven, ...unjudged, ...open] };
  if (unjudged.length > 0 || mayBeCritical) return { name: "incomplete", reasons: [...unjudged, ...open] };
  return { name: "ok", reasons: open };
};

/** A rule that failed might have found anything, so its own severity does not matter. */
const isAboutRule = (finding: Finding): boolean => finding.rule === "rule-failed";

export const atOrAbove = (severity: Severity, failOn: FailOn): boolean =>
  failOn !== "never" && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(failOn);
