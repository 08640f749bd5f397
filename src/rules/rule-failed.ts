import type { Finding } from "../findings/finding.js";
import type { Rule } from "./rule.js";
import { givenBy } from "./template.js";

/** The rule id of a finding about vtdoctor itself. */
export const RULE_FAILED = "rule-failed";

/** A rule that throws is a finding about vtdoctor, not silence (docs/decisions.md#d10). */
export const ruleFailed = (rule: Rule, error: unknown, firstSeen: number): Finding => {
  const words = error instanceof Error ? error.message : String(error);
  return {
    id: `${RULE_FAILED}@${rule.id}`,
    rule: RULE_FAILED,
    title: "A rule could not be evaluated",
    severity: "warning",
    state: "unknown",
    because: words,
    object: { rule: rule.id },
    symptom: `the rule ${rule.id} failed: ${words}`,
    evidence: [],
    causedBy: null,
    impact: `whether this cluster has "${rule.title}" is not known`,
    cause: `a mistake in ${rule.file}, or a snapshot that its author did not think of`,
    repair: {
      recipe: null,
      class: "manual",
      command: `vtdoctor rules test ${rule.id}${givenBy(rule)}`,
      steps: [
        "keep the snapshot (scan --save-snapshot FILE) as an example of the rule and correct its query",
      ],
    },
    firstSeen,
  };
};
