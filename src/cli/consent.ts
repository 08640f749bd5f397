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
  if (plan.operation === "cancel") await typedMaterialized(plan, request);
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

/** What needs more than a yes: the keyspace's name, typed by hand or with --confirm. */
interface Typing {
  readonly keyspace: string;
  readonly asks: string;
  /** What the plan does, for who did not type it. */
  readonly does: string;
  readonly only: string;
}

async function typedName({ keyspace, asks, does, only }: Typing, { given, context }: Request): Promise<void> {
  const typed = given.text("confirm") ?? (await context.terminal.ask(asks));
  if (typed === keyspace) return;
  const problem = typed === null ? "there is no terminal to ask at" : `"${typed}" is not "${keyspace}"`;
  throw new RefusedError(
    `--confirm: the plan ${does}, and ${problem}; ${only}give --confirm ${keyspace}. Nothing was changed.`,
  );
}

/** Data that is dropped does not come back. */
async function typedKeyspace(plan: Plan, request: Request): Promise<void> {
  const keyspaces = new Set(
    plan.stages
      .flatMap((stage) => stage.steps)
      .flatMap((step) => (step.destroys === "data" && "tablet" in step ? [step.tablet.keyspace] : [])),
  );
  for (const keyspace of keyspaces)
    await typedName(
      {
        keyspace,
        asks: `This drops tables of keyspace ${keyspace} for good. Type its name: `,
        does: `drops tables of keyspace ${keyspace}`,
        only: "",
      },
      request,
    );
}

/**
 * The tables of a Materialize are made to be used for themselves, and queries that name their keyspace leave no rule that would show it: a
 * cancel that takes them away asks as one does that drops them.
 */
async function typedMaterialized(plan: Plan, request: Request): Promise<void> {
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const names = plan.stages.flatMap(({ locks }) =>
    locks.flatMap((lock) => (lock.kind === "workflow" ? [lock.workflow] : [])),
  );
  const rows = steps.flatMap((step) =>
    step.kind === "stream.stop" || step.kind === "stream.delete" ? step.rows : [],
  );
  const own = rows.filter(({ workflow }) => names.includes(workflow));
  // A Reshard's copies of reference tables are Materialize streams too, and go with it.
  if (own.length === 0 || own.some(({ image }) => Number(image.workflow_type ?? 0) !== 0)) return;
  const held = steps.flatMap((step) => (step.kind === "table.hold" ? [step] : []));
  for (const keyspace of new Set(held.map(({ tablet }) => tablet.keyspace))) {
    const tables = [...new Set(held.flatMap((step) => step.tables))].map(printable).join(", ");
    await typedName(
      {
        keyspace,
        asks: `This takes the materialized ${tables} away from ${keyspace}, where clients may use them by name. Type ${keyspace}: `,
        does: `takes the materialized ${tables} away from ${keyspace}, where clients may use them by name`,
        only: "leave --no-keep-data out to keep them, or, if nobody uses them, ",
      },
      request,
    );
  }
}

/** Nothing shows who denied a table, or why. */
async function typedOpening(steps: readonly Step[], request: Request): Promise<void> {
  for (const step of steps) {
    if (step.kind !== "record.write" || step.record.kind !== "shard") continue;
    const tables = lifts(step).map(printable).join(", ");
    if (tables === "") continue;
    const { keyspace, shard } = step.record;
    const opens = `clients use ${tables} in ${keyspace}/${shard} again, which somebody may have denied on purpose`;
    await typedName(
      {
        keyspace,
        asks: `This lets ${opens}. Type ${keyspace}: `,
        does: `lets ${opens}`,
        only: "if nobody needs it denied, ",
      },
      request,
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
