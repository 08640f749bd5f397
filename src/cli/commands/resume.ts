import type { Plan } from "../../plan/plan.js";
import { describeStep } from "../../plan/steps/index.js";
import { renderPlan } from "../../report/plan.js";
import { conclude } from "../carry-out.js";
import type { Request, Run } from "../command.js";
import { agreement } from "../consent.js";
import { siteOf } from "../site.js";
import { styleOf } from "../style.js";

/** Goes on with a run that was stopped or killed: shows what is left of it, asks, executes, and then looks at the cluster again. */
export const run: Run = async (request) => {
  const site = siteOf(request);
  const { plan, rest, toTheEnd, close } = site.open(request.given.text("run") ?? "");
  try {
    if (rest.stages.length > 0) await agreed(plan, rest, request);
  } catch (error) {
    close();
    throw error;
  }
  return conclude(plan, null, toTheEnd, site, request);
};

async function agreed(plan: Plan, rest: Plan, request: Request): Promise<void> {
  if (request.given.text("format") !== "json") {
    const [all, left] = [plan, rest].map(({ stages }) => stages.flatMap(({ steps }) => steps).length);
    request.context.terminal.note(`What is left of run ${plan.id}, ${left} of ${all} steps:\n`);
    request.context.terminal.note(renderPlan(rest, describeStep, styleOf(request)));
  }
  await agreement(rest, request);
}
