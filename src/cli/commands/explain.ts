import { EXIT, UsageError } from "../../cluster/errors.js";
import { didYouMean } from "../../cluster/suggest.js";
import type { Finding } from "../../findings/finding.js";
import { explainFinding } from "../../report/explain.js";
import { showRule } from "../../report/rules.js";
import { cardOf } from "../../rules/card.js";
import type { Run } from "../command.js";
import { keep, ruleSet } from "../observe.js";
import { asJson, emit, emitJson, styleOf } from "../output.js";
import { observeSurely } from "../second-look.js";

/** The proof of a finding; for a rule's id, what the rule means. */
export const run: Run = async (request) => {
  const wanted = request.given.text("finding") ?? "";
  const json = asJson(request);
  const rules = ruleSet(request.given);
  const rule = rules.find(({ id }) => id === wanted.split("@")[0]);
  if (!wanted.includes("@")) {
    if (rule === undefined)
      throw new UsageError(
        unknown(
          wanted,
          rules.map(({ id }) => id),
        ),
      );
    if (json) emitJson(request, cardOf(rule));
    else emit(request, showRule(cardOf(rule), styleOf(request)));
    return EXIT.ok;
  }
  const minds = ({ id }: Finding): boolean => id === wanted;
  const observation = await observeSurely(request, rules, { minds, remembers: true });
  keep(observation, request);
  const findings = observation.findings();
  const finding = findings.find(({ id }) => id === wanted);
  if (finding === undefined)
    throw new UsageError(
      unknown(
        wanted,
        findings.map(({ id }) => id),
      ),
    );
  if (json) emitJson(request, finding);
  else
    emit(
      request,
      explainFinding(finding, findings, rule === undefined ? null : cardOf(rule), styleOf(request)),
    );
  return EXIT.ok;
};

const unknown = (wanted: string, known: readonly string[]): string =>
  `explain: there is no ${wanted.includes("@") ? "finding" : "rule"} ${wanted} here.${didYouMean(wanted, known)}`;
