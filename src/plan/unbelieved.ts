import { RefusedError, UsageError } from "../cluster/errors.js";
import { commandFor, parseCommand } from "./dropped/retirement.js";
import { isInPlace } from "./named-key.js";
import type { Plan } from "./plan.js";
import { isReadable } from "./records/change.js";
import { classOf, destroysOf, keysOf, type Step } from "./steps/index.js";
import { holdSchemaOf, isHoldSchemaOf } from "./steps/tables.js";

/**
 * A plan that came from a file, with the consent and the losses of each step as its kind has them: whoever can write the file must not
 * decide what is asked. Throws `RefusedError` where a step reaches for what no step of its kind does, `UsageError` where two steps have
 * one id, by which the journal knows them.
 */
export const unbelieved = (plan: Plan, path: string): Plan => {
  const { globalServer, globalRoot, roots } = plan.cluster;
  const isRooted = roots.some(
    ({ name, server, root }) => name === "global" && server === globalServer && root === globalRoot,
  );
  if (!isRooted)
    throw notOurs(path, `its roots do not have the global root ${globalRoot} at ${globalServer}`);
  const ids = new Set<string>();
  const checked = (step: Step): Step => {
    if (ids.has(step.id))
      throw new UsageError(`the plan ${path} is damaged: two of its steps have the id ${step.id}`);
    ids.add(step.id);
    const fault = faultOf(step, plan);
    if (fault !== null) throw notOurs(path, `${step.id} (${step.kind}) ${fault}`);
    // It may ask for more than its kind does: where it was foreseen to change where queries lead.
    const consent = step.class === "confirm" ? step.class : classOf(step);
    return { ...step, class: consent, destroys: destroysOf(step) };
  };
  const stages = plan.stages.map((stage) => ({ ...stage, steps: stage.steps.map(checked) }));
  return { ...plan, stages };
};

const notOurs = (path: string, fault: string): RefusedError =>
  new RefusedError(
    `the plan ${path} is not as vtdoctor makes one: ${fault}; make a new one. Nothing was changed.`,
  );

const faultOf = (step: Step, plan: Plan): string | null => {
  const stray = keysOf(step).find((named) => !isInPlace(named, plan.cluster.roots));
  if (stray !== undefined)
    return `names the key ${stray.key}, where such a step has no record under a root of the plan`;
  if (step.kind === "record.write" && !isReadable(step))
    return `has bytes for ${step.key} that are no such record`;
  if (!("holdSchema" in step)) return null;
  const own = step.kind === "table.hold" ? plan.id : plan.run;
  return own !== undefined && isHoldSchemaOf(own, step.holdSchema)
    ? null
    : `names the schema ${step.holdSchema}, which is not ${own === undefined ? "that of a run that it takes back" : holdSchemaOf(own)}`;
};

/**
 * A plan is a file, and its words are not run on this machine because they stand there. `configured`: `hooks.stopTablet` as it is now;
 * undefined: nobody gave one. Throws `RefusedError` where a command of the plan is not what that comes to for its tablet.
 */
export function refuseOtherCommand(plan: Plan, configured: string | undefined): void {
  const template = configured === undefined ? null : parseCommand(configured);
  for (const step of plan.stages.flatMap(({ steps }) => steps)) {
    if (step.kind !== "tablet.stop" || step.command === null) continue;
    const known = template === null ? null : commandFor(template, step.tablet);
    if (known !== null && JSON.stringify(known) === JSON.stringify(step.command)) continue;
    throw new RefusedError(
      `hooks.stopTablet: plan ${plan.id} would run \`${step.command.join(" ")}\` on this machine, and ${known === null ? "no such command is configured" : `what is configured is \`${known.join(" ")}\``}; give the command that the plan was made with, or make a new plan. Nothing was changed.`,
    );
  }
}
