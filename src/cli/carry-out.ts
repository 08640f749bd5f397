import type { RunResult } from "../apply/run-result.js";
import { EXIT, type ExitName } from "../cluster/errors.js";
import type { Finding } from "../findings/finding.js";
import { describeStep } from "../plan/describe.js";
import type { Plan } from "../plan/plan.js";
import { renderPlan } from "../report/plan.js";
import type { Request } from "./command.js";
import { consent, type Looked } from "./consent.js";
import { emit, emitJson } from "./output.js";
import { styleOf } from "./style.js";

/** What a plan is executed in and judged by again; a real or a simulated cluster. */
export interface Site {
  /** Creates the run's folder and executes the plan. */
  execute(plan: Plan): Promise<RunResult>;
  /** A new look at the cluster, judged. */
  rescan(): Promise<readonly Finding[]>;
}

export interface Verification {
  /** Repaired findings that are still there. */
  readonly persisting: readonly string[];
  /** Findings of at least warning that were not there before. */
  readonly appeared: readonly string[];
}

/** `--dry-run`: the plan as it would run; exit 1 where it would do anything. */
export function showPlan(plan: Plan, request: Request): number {
  const name: ExitName = plan.stages.length > 0 ? "findings" : "ok";
  if (request.given.text("format") === "json") emitJson(request, document(request, name, [], { plan }));
  else emit(request, renderPlan(plan, describeStep, styleOf(request)));
  return EXIT[name];
}

/** Asks, executes, looks again (design D13). `before`: ids of what was found before. */
export async function carryOut(
  plan: Plan,
  before: readonly string[],
  looked: Looked,
  site: Site,
  request: Request,
): Promise<number> {
  if (plan.stages.length === 0) return nothingToRun(plan, request);
  const { context } = request;
  if (request.given.text("format") !== "json")
    context.terminal.note(renderPlan(plan, describeStep, styleOf(request)));
  await consent(plan, looked, request);
  const result = await site.execute(plan);
  const verification = compare(plan, before, await site.rescan());
  return conclude(plan, result, verification, request);
}

function nothingToRun(plan: Plan, request: Request): number {
  const name: ExitName = plan.blocked.length > 0 ? "refused" : "ok";
  const reasons = plan.blocked.map(({ reason, instead }) => `${reason}; ${instead}`);
  if (request.given.text("format") === "json") {
    emitJson(request, document(request, name, reasons, { plan, run: null, results: [], verification: null }));
  } else if (name === "ok") emit(request, ["nothing to do", ...plan.notes].join("\n"));
  else emit(request, renderPlan(plan, describeStep, styleOf(request)));
  return EXIT[name];
}

export function compare(plan: Plan, before: readonly string[], after: readonly Finding[]): Verification {
  const alive = after.filter(({ state }) => state === "confirmed" || state === "suspected");
  const ids = alive.map(({ id }) => id);
  return {
    persisting: plan.repairs.filter((id) => ids.includes(id)),
    appeared: alive
      .filter(({ id, severity }) => severity !== "info" && !before.includes(id))
      .map(({ id }) => id),
  };
}

export function conclude(
  plan: Plan,
  result: RunResult,
  verification: Verification,
  request: Request,
): number {
  const failed = verification.persisting.length + verification.appeared.length > 0;
  const name: ExitName = failed ? "unverified" : plan.blocked.length > 0 ? "findings" : "ok";
  const reasons = [
    ...verification.persisting.map((id) => `${id} is still there`),
    ...verification.appeared.map((id) => `${id} is new`),
    ...plan.blocked.map(({ reason, instead }) => `not repaired: ${reason}; ${instead}`),
  ];
  if (request.given.text("format") === "json") {
    emitJson(
      request,
      document(request, name, reasons, { run: result.run, plan, results: result.steps, verification }),
    );
  } else {
    const done = `run ${result.run}: ${result.steps.length} steps done`;
    emit(
      request,
      [
        done,
        ...said(plan, result),
        ...reasons,
        name === "ok" ? "verified: a new scan finds nothing of it" : "",
      ]
        .filter(Boolean)
        .join("\n"),
    );
  }
  return EXIT[name];
}

/** What an operator must keep: exported keys, where tables are held. */
const said = (plan: Plan, result: RunResult): readonly string[] =>
  result.steps
    .filter(({ kind }) => kind === "keys.export" || kind === "table.hold")
    .map((step) => `${step.id}: ${step.said}`)
    .concat(plan.notes);

const document = (request: Request, name: ExitName, reasons: readonly string[], body: object) => ({
  vtdoctor: { version: request.context.version, schema: 1 },
  exit: { code: EXIT[name], name, reasons },
  ...body,
});
