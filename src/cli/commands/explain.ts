import { EXIT, RefusedError, UsageError } from "../../cluster/errors.js";
import { didYouMean } from "../../cluster/suggest.js";
import { vtctldOf } from "../../config/settings.js";
import type { Finding } from "../../findings/finding.js";
import type { Blocked } from "../../plan/fields.js";
import { planFix } from "../../plan/planning.js";
import { explainFinding } from "../../report/explain.js";
import { type Outlook, renderOutlook } from "../../report/plan.js";
import { listMessages, showRule } from "../../report/rules.js";
import { renderWhyNot } from "../../report/why-not.js";
import { cardOf } from "../../rules/card.js";
import { rulesWithMessage } from "../../rules/messages.js";
import type { Rule } from "../../rules/rule.js";
import { whyNot } from "../../rules/why-not.js";
import type { Request, Run } from "../command.js";
import { type Judged, judgeAgain, keep, ruleSet } from "../observe.js";
import { asJson, emit, emitJson, styleOf } from "../output.js";
import { observeSurely } from "../second-look.js";

/** The proof of a finding; for a rule's id, what the rule means; for a line of a log, which rules it leads to. */
export const run: Run = async (request) => {
  const wanted = request.given.text("finding") ?? "";
  const object = request.given.text("object");
  const json = asJson(request);
  const rules = ruleSet(request.given);
  if (request.given.yes("why-not")) return explainWhyNot(request, rules, wanted, object);
  if (object !== undefined)
    throw new UsageError(
      `explain: "${object}" is one argument too many; a message with spaces goes in quotes, and an object with --why-not.`,
    );
  const rule = rules.find(({ id }) => id === wanted.split("@")[0]);
  if (rule === undefined && !isId(wanted)) return explainMessage(request, rules, wanted);
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
  const outlook = outlookOf(finding, observation, request);
  if (json) emitJson(request, { ...finding, ...outlook });
  else {
    const style = styleOf(request);
    const card = rule === undefined ? null : cardOf(rule);
    emit(request, explainFinding(finding, findings, card, renderOutlook(outlook, style), style));
  }
  return EXIT.ok;
};

/** Why a rule (`RULE OBJECT`, or the id that its finding would have) does not find an object. */
async function explainWhyNot(
  request: Request,
  rules: readonly Rule[],
  wanted: string,
  given: string | undefined,
): Promise<number> {
  const id = given === undefined ? wanted : given.startsWith(`${wanted}@`) ? given : `${wanted}@${given}`;
  const [ruleId = "", ...rest] = id.split("@");
  const rule = rules.find((one) => one.id === ruleId);
  const ids = rules.map((one) => one.id);
  if (rule === undefined) throw new UsageError(unknown(ruleId, ids));
  if (rest.length === 0)
    throw new UsageError(
      `explain --why-not: OBJECT is missing: what the finding would have after the "@", as customer/-80.`,
    );
  const minds = (finding: Finding): boolean => finding.id === id;
  const observation = await observeSurely(request, rules, { minds, remembers: true });
  keep(observation, request);
  const why = whyNot(observation.snapshot, rule, rest.join("@"), observation.findings());
  if (asJson(request)) emitJson(request, why);
  else emit(request, renderWhyNot(why, styleOf(request)));
  return EXIT.ok;
}

/** Of a rule or a finding, though it may be misspelt. */
const isId = (wanted: string): boolean => /^[\w-]+(@\S+)?$/.test(wanted);

/** The rules that say that they print such a line. */
function explainMessage(request: Request, rules: readonly Rule[], line: string): number {
  const hits = rulesWithMessage(rules, line).map(({ rule, message, whole }) => ({
    ...{ rule: rule.id, title: rule.title, severity: rule.severity },
    ...{ message, whole },
  }));
  if (hits.length === 0)
    throw new UsageError(
      `explain: no rule has a message like "${line}"; give more of the line, or the id of a rule (vtdoctor rules list) or of a finding (vtdoctor scan).`,
    );
  if (asJson(request)) emitJson(request, hits);
  else emit(request, `${listMessages(hits, styleOf(request))}\n${WHAT_NEXT}\n`);
  return EXIT.ok;
}

const WHAT_NEXT =
  "vtdoctor explain RULE says what one of them means; vtdoctor scan, whether this cluster has it";

/** Of the plan that `fix` would make of it now; nothing where it has no repair that could be played. */
function outlookOf(finding: Finding, { snapshot, findings }: Judged, request: Request): Outlook {
  const { given, context } = request;
  if (finding.state !== "confirmed" || !["safe", "confirm"].includes(finding.repair.class)) return NOTHING;
  const fix = {
    ...{ command: `vtdoctor fix ${finding.id}`, findings: [finding.id], keyspaces: null },
    ...{ orphans: null, stopping: null, restoredTopologyConfirmed: false },
    vtctld: vtctldOf(given)?.address ?? null,
  };
  const planning = { now: context.clock.now(), ids: context.ids, judge: judgeAgain(request) };
  try {
    const { foreseen = null, stages, blocked } = planFix(snapshot, findings(), fix, planning);
    return { foreseen, steps: stages.flatMap(({ steps }) => steps).length, blocked };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { ...NOTHING, blocked: [refusedAs(finding, error)] };
  }
}

const NOTHING: Outlook = { foreseen: null, steps: 0, blocked: [] };

const refusedAs = ({ id, object }: Finding, { message }: RefusedError): Blocked => ({
  ...{ finding: id, object, reason: message },
  instead: `vtdoctor fix ${id} --dry-run on the cluster says what it needs`,
});

const unknown = (wanted: string, known: readonly string[]): string =>
  `explain: there is no ${wanted.includes("@") ? "finding" : "rule"} ${wanted} here.${didYouMean(wanted, known)}`;
