import { scanDocument } from "../../findings/document.js";
import type { Finding } from "../../findings/finding.js";
import { expiredSuppressions } from "../../findings/suppression.js";
import { atOrAbove } from "../../findings/verdict.js";
import { formatNamed } from "../../report/formats.js";
import { readCluster, readCoverage } from "../../rules/coverage.js";
import type { Calls } from "../../tablets/counted.js";
import { COSTS } from "../../tablets/queries.js";
import type { Request, Run } from "../command.js";
import { failOnOf, type Judged, keep, ruleSet } from "../observe.js";
import { afterReport, emit, styleOf } from "../output.js";
import { observeSurely, rememberScan } from "../second-look.js";

/** Looks, judges, reports. Read-only. */
export const run: Run = async (request) => {
  const rules = ruleSet(request.given);
  const failOn = failOnOf(request.given);
  const minds = (finding: Finding): boolean => atOrAbove(finding.severity, failOn);
  const observation = await observeSurely(request, rules, {
    ...{ minds, remembers: true },
    ...(isKept(request) ? {} : { reads: new Set(rules.flatMap(({ reads }) => reads)) }),
    ...(request.given.yes("verbose") ? { onCalls: tellCalls(request) } : {}),
  });
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
  const findings = observation.findings();
  const document = scanDocument({
    version: context.version,
    failOn: failOnOf(given),
    cluster: readCluster(observation.snapshot),
    coverage: readCoverage(observation.snapshot, rules, findings),
    findings,
    expired: expiredSuppressions(request.suppressions, context.clock.now()),
  });
  const { text, code } = await formatNamed(given.text("format")).scan(document, styleOf(request));
  emit(request, text);
  return code;
}

/** What is kept to be judged elsewhere has all that any rule reads, and so has what is asked for by name. */
const isKept = ({ given }: Request): boolean =>
  given.text("save-snapshot") !== undefined || given.yes("all-tables");

/** On stderr, like all that is about the look and not about the cluster. */
const tellCalls =
  ({ context }: Request) =>
  ({ byQuestion, byTablet }: Calls): void => {
    const sum = (counts: Iterable<number>): number => [...counts].reduce((total, one) => total + one, 0);
    const calls = sum(byQuestion.values());
    const tablets = byTablet.size;
    const [most = "", at = 0] = [...byTablet].toSorted(([, one], [, other]) => other - one)[0] ?? [];
    const of = (cost: string) => [...byQuestion].filter(([question]) => COSTS[question] === cost);
    const kinds = ["light", "dear"].map((cost) => {
      const asked = of(cost).toSorted(([one], [other]) => (one < other ? -1 : 1));
      const each = asked.map(([question, count]) => `${question} ${count}`).join(", ");
      return `  ${cost}: ${sum(asked.map(([, count]) => count))}${each === "" ? "" : ` (${each})`}`;
    });
    const average =
      tablets === 0 ? "" : `, ${(calls / tablets).toFixed(1)} a tablet, at most ${at} at ${most}`;
    context.terminal.note([`${calls} calls to ${tablets} tablets${average}`, ...kinds].join("\n"));
  };
