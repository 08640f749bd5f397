import { scanDocument } from "../../findings/document.js";
import type { Finding } from "../../findings/finding.js";
import { expiredSuppressions } from "../../findings/suppression.js";
import { atOrAbove } from "../../findings/verdict.js";
import { formatNamed } from "../../report/formats.js";
import { readCluster, readCoverage } from "../../rules/coverage.js";
import type { Request, Run } from "../command.js";
import { failOnOf, type Judged, keep, ruleSet } from "../observe.js";
import { afterReport, emit, styleOf } from "../output.js";
import { observeSurely, rememberScan } from "../second-look.js";

/** Looks, judges, reports. Read-only. */
export const run: Run = async (request) => {
  const rules = ruleSet(request.given);
  const failOn = failOnOf(request.given);
  const minds = (finding: Finding): boolean => atOrAbove(finding.severity, failOn);
  const observation = await observeSurely(request, rules, { minds, remembers: true });
  try {
    return await report(request, observation, rules);
  } finally {
    rememberScan(observation, request);
    afterReport(() => keep(observation, request));
  }
};

/** Prints what an observation shows; the exit code. */
async function report(
  request: Request,
  observation: Judged,
  rules: ReturnType<typeof ruleSet>,
): Promise<number> {
  const { given, context } = request;
  const document = scanDocument({
    version: context.version,
    failOn: failOnOf(given),
    cluster: readCluster(observation.snapshot),
    coverage: readCoverage(observation.snapshot, rules),
    findings: observation.findings(),
    expired: expiredSuppressions(request.suppressions, context.clock.now()),
  });
  const { text, code } = await formatNamed(given.text("format")).scan(document, styleOf(request));
  emit(request, text);
  return code;
}
