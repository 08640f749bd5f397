import type { Step, StepKind, StepOf } from "../../plan/steps/index.js";
import type { Check, Effect, Known } from "../check.js";
import type { RunContext } from "../run-context.js";
import type { StepRunner } from "../step-runner.js";
import { copiedTableRunners } from "./copied-tables.js";
import { secondaryKeyRunners } from "./keys-export.js";
import { recordRunners } from "./records.js";
import { servingVSchemaRunners } from "./serving-vschema.js";
import { shardRunners } from "./shards.js";
import { streamLeftoverRunners } from "./stream-leftovers.js";
import { streamRemovalRunners } from "./stream-removal.js";
import { streamStopRunners } from "./stream-stops.js";
import { tabletRestoreRunners } from "./tablet-restore.js";
import { tabletRunners } from "./tablets.js";

/** One runner a kind; a kind without one does not compile. */
const RUNNERS: { readonly [K in StepKind]: StepRunner<K> } = {
  ...streamStopRunners,
  ...streamRemovalRunners,
  ...streamLeftoverRunners,
  ...copiedTableRunners,
  ...recordRunners,
  ...servingVSchemaRunners,
  ...tabletRunners,
  ...shardRunners,
  ...secondaryKeyRunners,
  ...tabletRestoreRunners,
};

/** A step joined with its runner. */
export interface BoundStep {
  readonly image: ((context: RunContext) => Promise<Known<unknown>>) | null;
  check(context: RunContext): Promise<Check>;
  run(context: RunContext): Promise<Effect>;
  verify(context: RunContext, effect: Effect): Promise<Check>;
}

export const bind = (step: Step): BoundStep => bindAs(step.kind, step);

function bindAs<K extends StepKind>(kind: K, step: StepOf<K>): BoundStep {
  const runner: StepRunner<K> = RUNNERS[kind];
  const image = runner.image;
  return {
    image: image === null ? null : (context) => image(step, context),
    check: (context) => runner.check(step, context),
    run: (context) => runner.run(step, context),
    verify: (context, effect) => runner.verify(step, context, effect),
  };
}
