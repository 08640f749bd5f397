import { writePlan } from "../apply/runs/plan-file.js";
import type { RunResult, StepResult } from "../apply/runs/run-result.js";
import { DoctorError, EXIT, type ExitName, RefusedError } from "../cluster/errors.js";
import { envelope } from "../findings/envelope.js";
import type { Blocked } from "../plan/fields.js";
import { sealed } from "../plan/fingerprint.js";
import type { Plan } from "../plan/plan.js";
import { describeStep } from "../plan/steps/index.js";
import { beyondLimits, type Excess, type PlanLimits } from "../plan/write-set.js";
import { renderPlan } from "../report/plan.js";
import { renderRun } from "../report/run.js";
import { shellWord } from "../rules/template.js";
import { runEnd, type Verification, verify } from "../verify/verify.js";
import type { Request } from "./command.js";
import { consent, type Review } from "./consent.js";
import type { Executor, Work } from "./executor.js";
import { afterReport, asJson, emit, emitJson, styleOf } from "./output.js";
import type { Unfinished } from "./run-dir.js";

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

/** What the operator has seen of the work, and what was found before it. */
export interface Terms {
  readonly review: Review;
  /** Ids of what was found before; null: what appears is no matter. */
  readonly before: readonly string[] | null;
}

/** Shows, asks, executes, looks again (docs/decisions.md#d13): the way of every command that writes. */
export async function carryOut(
  work: Work,
  { review, before }: Terms,
  executor: Executor,
  request: Request,
): Promise<number> {
  if (work.plan.stages.length === 0) return nothingToRun(work.plan, request);
  try {
    await agreed(work, review, request);
  } catch (error) {
    work.close();
    throw error;
  }
  return conclude(work, before, executor, request);
}

async function agreed({ plan, rest }: Work, review: Review, request: Request): Promise<void> {
  // Nothing is left but to look again.
  if (rest.stages.length === 0) return;
  const { terminal } = request.context;
  if (review !== "begun") refuseBeyond(plan, request);
  // What was reviewed may have been another file.
  if (review === "reviewed" || !asJson(request)) {
    if (review === "begun")
      terminal.note(`What is left of run ${plan.id}, ${count(rest)} of ${count(plan)} steps:\n`);
    terminal.note(renderPlan(rest, describeStep, styleOf(request)));
  }
  await consent(rest, review, request);
}

const count = ({ stages }: Plan): number => stages.flatMap(({ steps }) => steps).length;

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

/** Runs to the end, looks again and reports. A run that stops part-way is reported too, with what it did. */
async function conclude(
  { plan, execute }: Work,
  before: readonly string[] | null,
  executor: Executor,
  request: Request,
): Promise<number> {
  const { terminal, killed } = request.context;
  const lastWords = () => {
    const left = executor.left();
    if (left !== null) terminal.note(left.words);
  };
  killed.addEventListener("abort", lastWords);
  let result: RunResult | null = null;
  let verification: Verification;
  try {
    result = await execute();
    verification = await verify(plan, before, executor.rescans);
  } catch (error) {
    if (!(error instanceof DoctorError)) {
      lastWords();
      throw error;
    }
    const said = result === null ? error : unseen(error);
    if (result !== null) executor.recordVerification(plan.id, said.exit, [said.message]);
    terminal.note(`vtdoctor: ${said.message}`);
    lastWords();
    return stopped(plan, said, result?.steps ?? executor.ended, executor.left(), request);
  } finally {
    killed.removeEventListener("abort", lastWords);
  }
  return report(plan, result, verification, executor, request);
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
  executor: Executor,
  request: Request,
): number {
  const { exit: name, wrong } = runEnd(plan, verification);
  executor.recordVerification(result.run, name, wrong);
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
