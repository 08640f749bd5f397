import { scanDocument } from "../../findings/document.js";
import { expiredSuppressions } from "../../findings/suppression.js";
import type { FailOn } from "../../findings/verdict.js";
import { formatNamed } from "../../report/formats.js";
import { readCluster, readCoverage } from "../../rules/coverage.js";
import type { Request, Run } from "../command.js";
import { judged, keep, look, type Observation, ruleSet } from "../observe.js";
import { afterReport, emit, styleOf } from "../output.js";

/** Looks, judges, reports. Read-only. */
export const run: Run = async (request) => {
  const rules = ruleSet(request.given);
  const observation = await look(request);
  try {
    return await report(request, observation, rules);
  } finally {
    afterReport(() => keep(observation, request));
  }
};

/** Prints what an observation shows; the exit code. */
async function report(
  request: Request,
  observation: Observation,
  rules: ReturnType<typeof ruleSet>,
): Promise<number> {
  const { given, context } = request;
  const document = scanDocument({
    version: context.version,
    failOn: (given.text("fail-on") ?? "warning") as FailOn,
    cluster: readCluster(observation.snapshot),
    coverage: readCoverage(observation.snapshot, rules),
    findings: judged(observation, rules, request),
    expired: expiredSuppressions(request.suppressions, context.clock.now()),
  });
  const { text, code } = await formatNamed(given.text("format")).scan(document, styleOf(request));
  emit(request, text);
  return code;
}
