import { EXIT } from "../../cluster/errors.js";
import { scanDocument } from "../../findings/document.js";
import { expiredSuppressions } from "../../findings/suppression.js";
import type { FailOn } from "../../findings/verdict.js";
import { renderHuman } from "../../report/human.js";
import { renderJson } from "../../report/json.js";
import { renderNagios } from "../../report/nagios.js";
import { readCluster, readCoverage } from "../../rules/scope.js";
import type { Request, Run } from "../command.js";
import { judged, keep, look, type Observation } from "../observe.js";
import { afterReport, emit } from "../output.js";
import { ruleSet } from "../rule-set.js";
import { styleOf } from "../style.js";

/** Looks, judges, reports. Read-only. */
export const run: Run = async (request) => {
  const rules = ruleSet(request.given);
  const observation = await look(request);
  try {
    return report(request, observation, rules);
  } finally {
    afterReport(() => keep(observation, request));
  }
};

/** What `scan` prints of an observation; the exit code. */
export function report(
  request: Request,
  observation: Observation,
  rules: ReturnType<typeof ruleSet>,
): number {
  const { given, context } = request;
  const document = scanDocument({
    version: context.version,
    failOn: (given.text("fail-on") ?? "warning") as FailOn,
    cluster: readCluster(observation.snapshot),
    coverage: readCoverage(observation.snapshot, rules),
    findings: judged(observation, rules, request),
    expired: expiredSuppressions(request.suppressions, context.clock.now()),
  });
  switch (given.text("format")) {
    case "json":
      emit(request, renderJson(document));
      return document.exit.code;
    case "nagios": {
      const { text, code } = renderNagios(document);
      emit(request, text);
      return code;
    }
    default:
      emit(request, renderHuman(document, styleOf(request)));
      return EXIT[document.exit.name];
  }
}
