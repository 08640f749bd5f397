import type { Plan } from "../plan/plan.js";
import type { Step } from "../plan/steps/index.js";
import { paintWith, type Style } from "./style.js";
import { counted, printable, wrapped } from "./text.js";

/** What of a run's steps the report needs. */
export interface StepEnd {
  readonly id: string;
  readonly outcome: "done" | "done-already";
  readonly said: string;
}

/** After a run: what the operator must keep in mind, then what the new look found. `reasons`: why it is not all well. */
export const renderRun = (
  plan: Plan,
  ended: readonly StepEnd[],
  reasons: readonly string[],
  style: Style,
): string => {
  const paint = paintWith(style);
  const ends = new Map(ended.map((step) => [step.id, step]));
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const section = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : [paint.strong(title), ...lines].join("\n");
  const item = (text: string): string => wrapped(`- ${text}`, style.width, "   ");
  return [
    `run ${plan.id}: ${counted(steps.length, "step")} done`,
    section(
      "Secondary keys that the copy had put off, and that nothing adds any more",
      steps.flatMap((step) => deferredKeys(step, ends.get(step.id))),
    ),
    section(
      "Held tables",
      steps.flatMap((step) => heldTables(plan.id, step)),
    ),
    section("To remember", plan.notes.map(item)),
    section(
      plan.operation === "undo" ? "Not taken back by this run" : "Not repaired by this run",
      plan.blocked.flatMap(({ finding, object, reason, instead }) => [
        item(`${finding ?? Object.values(object).join("/")}: ${reason}`),
        wrapped(`instead: ${instead}`, style.width, "       "),
      ]),
    ),
    reasons.length === 0
      ? paint.strong(WELL[plan.operation])
      : section("A new scan does not confirm the repair", reasons.map(item)),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};

/** Statements are printed as they are, so that they can be copied. */
const deferredKeys = (step: Step, end: StepEnd | undefined): readonly string[] => {
  if (step.kind !== "keys.export" || (step.actions.length === 0 && end?.outcome !== "done")) return [];
  const { alias, keyspace, shard } = step.tablet;
  return [
    `   ${alias}, ${keyspace}/${shard}, database ${step.dbName}: ${printable(end?.said ?? "")}`,
    ...(step.apply ? [] : step.actions.map(({ alter }) => `       ${printable(alter)};`)),
  ];
};

const heldTables = (run: string, step: Step): readonly string[] => {
  if (step.kind !== "table.hold") return [];
  const { tablet, dbName, holdSchema, tables } = step;
  return [
    `   ${tablet.alias}, ${tablet.keyspace}/${tablet.shard}: ${tables.join(", ")} of ${dbName} are in ${holdSchema}`,
    `       to have them back: vtdoctor undo ${run}`,
    `       to drop them for good: vtdoctor purge ${run}`,
  ];
};

const WELL: Readonly<Record<Plan["operation"], string>> = {
  fix: "verified: a new scan finds nothing of it",
  cancel: "verified: a new scan finds nothing of it",
  undo: "verified: every step of it holds; vtdoctor scan says what the cluster looks like now",
  purge: "verified: nothing of it is held any more",
};
