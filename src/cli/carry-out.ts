import { writePlan } from "../apply/runs/plan-file.js";
import type { RunResult, StepResult } from "../apply/runs/run-result.js";
import { DoctorError, EXIT, type ExitName, RefusedError } from "../cluster/errors.js";
import { envelope } from "../findings/envelope.js";
import { sealed } from "../plan/fingerprint.js";
import { beyondLimits, type Excess, type PlanLimits } from "../plan/limits.js";
import type { Plan } from "../plan/plan.js";
import type { Blocked } from "../plan/refs.js";
import { describeStep } from "../plan/steps/index.js";
import { renderPlan } from "../report/plan.js";
import { renderRun } from "../report/run.js";
import { type Rescans, runEnd, type Verification, verify } from "../verify/verify.js";
import type { Request } from "./command.js";
import { consent, type Looked } from "./consent.js";
import { afterReport, emit, emitJson } from "./output.js";
import { shellWord } from "./shell-word.js";
import { styleOf } from "./style.js";
import type { Unfinished } from "./unfinished.js";

/** What a plan is executed in and judged by again. */
export interface Site {
  /** Creates the run's folder and executes the plan. */
  execute(plan: Plan): Promise<RunResult>;
  readonly rescans: Rescans;
  /** Writes into the run's folder what the new look came to. */
  recordVerification(run: string, exit: ExitName, reasons: readonly string[]): void;
  /** Steps that ended since this process began. */
  readonly ended: readonly StepResult[];
  /** The run that this process has begun, as it is left now; null: none. */
  left(): Unfinished | null;
}

const asJson = ({ given }: Request): boolean => given.text("format") === "json";

/** `--dry-run`: the plan as it would run, saved where `--out` says; exit 1 where it would do anything. */
export function showPlan(plan: Plan, request: Request): number {
  const name: ExitName = plan.stages.length > 0 ? "findings" : "ok";
  const beyond = beyondLimits(plan, limitsOf(request));
  const needs = beyond.map(needed);
  const reasons = [...(plan.stages.length > 0 ? ["the plan is not empty"] : []), ...needs];
  if (asJson(request)) emitJson(request, document(request, name, reasons, { plan }));
  else emit(request, renderPlan(plan, describeStep, styleOf(request), needs));
  const out = request.given.text("out");
  if (out !== undefined) {
    afterReport(() => writePlan(out, plan));
    request.context.terminal.note(saved(out, plan, beyond));
  }
  return EXIT[name];
}

/** The command is a line of its own, as it can be pasted. */
const saved = (path: string, { stages }: Plan, beyond: readonly Excess[]): string =>
  stages.length === 0
    ? `Saved ${path}. There is nothing in it to execute.`
    : `Saved ${path}. To do exactly this, with the same connection:\n    ${["vtdoctor fix --plan", shellWord(path), ...beyond.map(flagFor)].join(" ")}`;

const flagFor = ({ flag, count }: Excess): string => `--${flag} ${count}`;

const limitsOf = ({ given }: Request): PlanLimits => ({
  maxTablets: given.number("max-tablets"),
  maxKeys: given.number("max-keys"),
});

const needed = (excess: Excess): string =>
  `it touches ${excess.count} ${excess.what}, and the limit is ${excess.limit}: needs ${flagFor(excess)} to run`;

function refuseBeyond(plan: Plan, request: Request): void {
  const beyond = beyondLimits(plan, limitsOf(request));
  const [first] = beyond;
  if (first === undefined) return;
  const touches = beyond.map(
    ({ flag, limit, count, what }) => `${count} ${what}, more than --${flag} ${limit}`,
  );
  throw new RefusedError(
    `the plan touches ${touches.join(", and ")}: select less, or read the plan with --dry-run and then give ${beyond.map(flagFor).join(" ")}. Nothing was changed.`,
  );
}

/** Asks, executes, looks again (docs/decisions.md#d13). `before`: ids of what was found before; null: what appears is no matter. */
export async function carryOut(
  plan: Plan,
  before: readonly string[] | null,
  looked: Looked,
  site: Site,
  request: Request,
): Promise<number> {
  if (plan.stages.length === 0) return nothingToRun(plan, request);
  refuseBeyond(plan, request);
  // What was reviewed may have been another file.
  if (looked === "reviewed" || !asJson(request))
    request.context.terminal.note(renderPlan(plan, describeStep, styleOf(request)));
  await consent(plan, looked, request);
  return conclude(plan, before, () => site.execute(plan), site, request);
}

function nothingToRun(plan: Plan, request: Request): number {
  const name: ExitName = plan.blocked.length > 0 ? "refused" : "ok";
  const reasons = plan.blocked.map(why);
  if (asJson(request)) {
    emitJson(request, document(request, name, reasons, { plan, run: null, results: [], verification: null }));
  } else if (name === "ok") {
    emit(request, ["nothing to do", ...plan.notes].join("\n"));
  } else {
    const told = reasons.map((reason) => `\n- ${reason}`).join("");
    request.context.terminal.note(`vtdoctor: nothing was changed, because nothing can be done:${told}`);
  }
  return EXIT[name];
}

const why = ({ finding, object, reason, instead }: Blocked): string =>
  `${finding ?? Object.values(object).join("/")}: ${reason}. Instead: ${instead}`;

/** Runs to the end, looks again and reports. A run that stops part-way is reported too, with what it did. `before` null: not known. */
export async function conclude(
  plan: Plan,
  before: readonly string[] | null,
  execute: () => Promise<RunResult>,
  site: Site,
  request: Request,
): Promise<number> {
  const { terminal, killed } = request.context;
  const lastWords = () => {
    const left = site.left();
    if (left !== null) terminal.note(left.words);
  };
  killed.addEventListener("abort", lastWords);
  let result: RunResult | null = null;
  let verification: Verification;
  try {
    result = await execute();
    verification = await verify(plan, before, site.rescans);
  } catch (error) {
    if (!(error instanceof DoctorError)) {
      lastWords();
      throw error;
    }
    const said = result === null ? error : unseen(error);
    if (result !== null) site.recordVerification(plan.id, said.exit, [said.message]);
    terminal.note(`vtdoctor: ${said.message}`);
    lastWords();
    return stopped(plan, said, result?.steps ?? site.ended, site.left(), request);
  } finally {
    killed.removeEventListener("abort", lastWords);
  }
  return report(plan, result, verification, site, request);
}

function stopped(
  plan: Plan,
  error: DoctorError,
  results: readonly StepResult[],
  left: Unfinished | null,
  request: Request,
): number {
  if (asJson(request)) {
    const { folder, resume } = left ?? { folder: null, resume: null };
    const body = { run: left && plan.id, folder, resume, plan, results, verification: null };
    emitJson(request, document(request, error.exit, [error.message], body));
  }
  return EXIT[error.exit];
}

/** Every step reached its end, and then the cluster could not be looked at. */
const unseen = ({ exit, message }: DoctorError): DoctorError =>
  new DoctorError(
    exit,
    `every step was done, and then the look at the cluster that verifies them failed: ${message}`,
  );

function report(
  plan: Plan,
  result: RunResult,
  verification: Verification,
  site: Site,
  request: Request,
): number {
  const { exit: name, wrong } = runEnd(plan, verification);
  site.recordVerification(result.run, name, wrong);
  if (asJson(request)) {
    const reasons = [...wrong, ...plan.blocked.map((blocked) => `not repaired: ${why(blocked)}`)];
    const body = { run: result.run, plan, results: result.steps, verification };
    emitJson(request, document(request, name, reasons, body));
  } else emit(request, renderRun(plan, result.steps, wrong, styleOf(request)));
  return EXIT[name];
}

/** The plan in it is one that `--plan` takes. */
const document = <B extends { readonly plan: Plan }>(
  request: Request,
  name: ExitName,
  reasons: readonly string[],
  body: B,
) => ({
  ...envelope(request.context.version, name, reasons),
  ...body,
  plan: sealed(body.plan),
});
