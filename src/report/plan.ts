import type { Blocked, LockScope } from "../plan/fields.js";
import type { Destroys } from "../plan/kind.js";
import type { Foreseen, Plan, Stage } from "../plan/plan.js";
import type { Step } from "../plan/steps/index.js";
import { type Paint, paintWith, type Style } from "./style.js";
import { counted, printable, wrapped } from "./text.js";

/** A step in words, as `src/plan/describe.ts` gives it. */
export interface StepWords {
  readonly does: string;
  readonly checks: string;
  readonly proves: string;
  readonly undo: string;
}

/** What `--dry-run` prints: everything that will happen, in its order, before anybody says yes (docs/decisions.md#d13). `beyond`: what else it needs to run. */
export const renderPlan = (
  plan: Plan,
  describe: (step: Step) => StepWords,
  style: Style,
  beyond: readonly string[] = [],
): string => {
  const paint = paintWith(style);
  const steps = plan.stages.flatMap(({ steps }) => steps);
  return `${[
    `${paint.strong(`Plan ${plan.id}`)}: ${plan.operation} on ${printable(plan.cluster.globalServer)}, root ${printable(plan.cluster.globalRoot)}`,
    list("Repairs", plan.repairs, style, paint),
    ...plan.stages.map((stage, i) => renderStage(stage, i + 1, describe, style, paint)),
    renderOutlook({ foreseen: plan.foreseen ?? null, steps: steps.length, blocked: plan.blocked }, style),
    list("Know before you say yes", plan.notes, style, paint),
    [summary(plan, steps, paint), ...beyond.map(paint.warning)].join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
};

/** What a plan does not do, and what becomes of queries while it runs and after it. */
export interface Outlook {
  readonly foreseen: Foreseen | null;
  /** How many it has. */
  readonly steps: number;
  readonly blocked: readonly Blocked[];
}

/** '' where there is nothing of either. */
export const renderOutlook = (outlook: Outlook, style: Style): string => {
  const paint = paintWith(style);
  return [blocked(outlook.blocked, style, paint), foreseen(outlook, style, paint)]
    .filter((part) => part !== "")
    .join("\n\n");
};

const renderStage = (
  stage: Stage,
  number: number,
  describe: (step: Step) => StepWords,
  style: Style,
  paint: Paint,
): string => {
  const locks =
    stage.locks.length === 0
      ? []
      : [wrapped(`holds Vitess's locks on ${stage.locks.map(lockName).join(", ")}`, style.width, "   ")];
  return [
    paint.strong(`${number}. ${printable(stage.title)}`),
    ...locks.map(paint.quiet),
    ...stage.steps.flatMap((step) => renderStep(step, describe(step), style, paint)),
  ].join("\n");
};

const renderStep = (step: Step, words: StepWords, style: Style, paint: Paint): readonly string[] => {
  const detail = (label: string, text: string) =>
    text === "" ? [] : [paint.quiet(wrapped(`${label}: ${text}`, style.width, "       "))];
  return [
    wrapped(`- ${words.does}${lossMark(step.destroys)}`, style.width, "   "),
    ...(style.verbose ? detail("checks", words.checks) : []),
    ...(style.verbose ? detail("proves", words.proves) : []),
    ...detail("undo", words.undo),
    ...(style.verbose ? detail("step", step.id) : []),
  ];
};

const lossMark = (destroys: Destroys): string => (destroys === "nothing" ? "" : ` [destroys ${destroys}]`);

const lockName = (lock: LockScope): string => {
  switch (lock.kind) {
    case "workflow":
      return `workflow ${lock.keyspace}.${lock.workflow}`;
    case "keyspace":
      return `keyspace ${lock.keyspace}`;
    case "shard":
      return `shard ${lock.keyspace}/${lock.shard}`;
  }
};

const list = (title: string, items: readonly string[], style: Style, paint: Paint): string =>
  items.length === 0
    ? ""
    : [paint.strong(title), ...items.map((item) => wrapped(`- ${item}`, style.width, "   "))].join("\n");

/** What becomes of queries, in numbers, and each that does not stay as it is. */
const foreseen = ({ foreseen: seen, steps }: Outlook, style: Style, paint: Paint): string => {
  if (seen === null) return "";
  const told = [
    ["leads elsewhere then", seen.elsewhere],
    ["taken away on purpose", seen.taken],
    ["served again", seen.found],
    ["vtdoctor finds then", seen.alarms],
  ] as const;
  const changes = told.flatMap(([label, items]) =>
    items.map((item) => wrapped(`- ${label}: ${item}`, style.width, "   ")),
  );
  const rest = changes.length === seen.alarms.length ? "all stay as they are" : "all others stay as they are";
  return [
    paint.strong("Foreseen"),
    wrapped(
      `- of ${counted(seen.paths, "query path")}, judged after each step that can change them (${seen.looks} of ${steps}), ${rest}`,
      style.width,
      "   ",
    ),
    ...changes,
  ].join("\n");
};

const blocked = (entries: readonly Blocked[], style: Style, paint: Paint): string => {
  if (entries.length === 0) return "";
  const lines = entries.flatMap(({ finding, object, reason, instead }) => [
    wrapped(`- ${finding ?? Object.values(object).join("/")}: ${reason}`, style.width, "   "),
    wrapped(`instead: ${instead}`, style.width, "       "),
  ]);
  return [paint.warning("Not done by this plan"), ...lines].join("\n");
};

const summary = (plan: Plan, steps: readonly Step[], paint: Paint): string => {
  const losses = (["data", "metadata"] as const)
    .map((kind) => [kind, steps.filter(({ destroys }) => destroys === kind).length] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} destroying ${kind}`);
  const words =
    steps.length === 0
      ? "nothing to do"
      : [
          counted(steps.length, "step"),
          ...losses,
          `good until ${new Date(plan.expiresAt).toISOString()}`,
        ].join(", ");
  const stuck = plan.blocked.length === 0 ? "" : `; ${plan.blocked.length} not done`;
  return paint.strong(words + stuck);
};
