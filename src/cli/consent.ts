import { RefusedError } from "../cluster/errors.js";
import type { Inverse } from "../plan/kind.js";
import type { Plan } from "../plan/plan.js";
import { lifts } from "../plan/records/shard.js";
import { inverseOf, type Step } from "../plan/steps/index.js";
import { counted, printable } from "../report/text.js";
import type { Request } from "./command.js";

/**
 * What the operator has looked at already: naming a finding or a workflow, or giving a saved plan, is consent to class `confirm`; what is
 * left of a run that was begun was consented to when it began.
 */
export type Review = "named" | "reviewed" | "begun" | "none";

/** Throws RefusedError unless the operator agrees to the plan that was just shown (docs/decisions.md#d14, docs/decisions.md#d18). */
export async function consent(plan: Plan, review: Review, request: Request): Promise<void> {
  if (review === "begun") return agreement(plan, request);
  const steps = plan.stages.flatMap((stage) => stage.steps);
  if (steps.some((step) => step.destroys === "data")) await typedKeyspace(plan, request);
  if (plan.operation === "fix") await typedOpening(steps, request);
  if (request.given.yes("yes") && review === "none" && steps.some((step) => step.class === "confirm")) {
    throw new RefusedError(
      "--yes alone runs only repairs of class safe, and this plan has others: name the findings, or save the plan with --dry-run --out FILE, review it, and give it with --plan FILE. Nothing was changed.",
    );
  }
  await agreement(plan, request);
}

/** `--yes`, or yes to the question, which says where: the plan may have scrolled away. Throws RefusedError. */
async function agreement(plan: Plan, { given, context }: Request): Promise<void> {
  if (given.yes("yes")) return;
  const answer = await context.terminal.ask(`${question(plan)} Type yes: `);
  if (answer === null) {
    throw new RefusedError(
      "there is no terminal to ask at: give --yes to execute the plan without a question. Nothing was changed.",
    );
  }
  if (answer.trim().toLowerCase() !== "yes") throw new RefusedError("not confirmed. Nothing was changed.");
}

/** `13 steps on etcd-1:2379 /vitess/global, no undo.` */
const question = ({ stages, cluster }: Plan): string => {
  const steps = stages.flatMap((stage) => stage.steps);
  const inverses = steps
    .map((step) => inverseOf(step))
    .filter(({ kind }) => kind !== "not-needed" && kind !== "run-again");
  const changes = inverses.length;
  const lost = inverses.filter((inverse) => inverse.kind === "none" || isMoot(inverse, steps)).length;
  const undo =
    changes === 0
      ? "nothing to undo"
      : lost === 0
        ? "with undo"
        : lost === changes
          ? "no undo"
          : `undo for ${changes - lost} of ${changes} changes`;
  return `${counted(steps.length, "step")} on ${printable(cluster.globalServer)} ${printable(cluster.globalRoot)}, ${undo}.`;
};

/** A stream that the plan stops and then deletes is not there any more to be started again. */
const isMoot = (inverse: Inverse, steps: readonly Step[]): boolean =>
  inverse.kind === "set-states-back" &&
  steps.some(
    (step) =>
      step.kind === "stream.delete" &&
      step.workflow === inverse.workflow &&
      step.tablet.alias === inverse.tablet.alias,
  );

/** Data that is dropped does not come back: the keyspace's name must be typed, by hand or with --confirm. */
async function typedKeyspace(plan: Plan, { given, context }: Request): Promise<void> {
  const keyspaces = new Set(
    plan.stages
      .flatMap((stage) => stage.steps)
      .flatMap((step) => (step.destroys === "data" && "tablet" in step ? [step.tablet.keyspace] : [])),
  );
  for (const keyspace of keyspaces) {
    const typed =
      given.text("confirm") ??
      (await context.terminal.ask(`This drops tables of keyspace ${keyspace} for good. Type its name: `));
    if (typed === keyspace) continue;
    const problem = typed === null ? "there is no terminal to ask at" : `"${typed}" is not "${keyspace}"`;
    throw new RefusedError(
      `--confirm: the plan drops tables of keyspace ${keyspace}, and ${problem}; give --confirm ${keyspace}. Nothing was changed.`,
    );
  }
}

/** Nothing shows who denied a table, or why: where a repair opens one, the keyspace's name must be typed, by hand or with --confirm. */
async function typedOpening(steps: readonly Step[], { given, context }: Request): Promise<void> {
  for (const step of steps) {
    if (step.kind !== "record.write" || step.record.kind !== "shard") continue;
    const tables = lifts(step).map(printable).join(", ");
    if (tables === "") continue;
    const { keyspace } = step.record;
    const typed =
      given.text("confirm") ??
      (await context.terminal.ask(
        `This lets clients use ${tables} in ${keyspace}/${step.record.shard} again, which somebody may have denied on purpose. Type ${keyspace}: `,
      ));
    if (typed === keyspace) continue;
    const problem = typed === null ? "there is no terminal to ask at" : `"${typed}" is not "${keyspace}"`;
    throw new RefusedError(
      `--confirm: the plan lets clients use ${tables} in ${keyspace}/${step.record.shard} again, which somebody may have denied on purpose, and ${problem}; if nobody needs it denied, give --confirm ${keyspace}. Nothing was changed.`,
    );
  }
}

/** Whether the operator typed the keyspace's or the cluster's root that a topology from an old backup asks for (docs/decisions.md#d8). */
export async function restoredTopologyConfirmed(
  signs: readonly string[],
  root: string,
  { given, context }: Request,
): Promise<boolean> {
  if (signs.length === 0) return false;
  const typed =
    given.text("confirm") ??
    (await context.terminal.ask(
      `This topology looks as if it was put back from an old backup:\n  ${signs.join("\n  ")}\nType its root (${root}) to repair it all the same: `,
    ));
  return typed === root;
}
