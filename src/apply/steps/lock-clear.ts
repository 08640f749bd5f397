import type { StepOf } from "../../plan/steps/index.js";
import type { Entry } from "../../topology/store.js";
import { done, type Effect, type Known, known, refused, silent } from "../check.js";
import { imageOfKey } from "../records/topo-keys.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";

type Clear = StepOf<"lock.clear">;

/** Ends an abandoned lock by revoking its lease, which removes the key in the same moment (docs/vitess.md#abandoned-locks). */
export const lockClear = stepRunner<"lock.clear", Entry | null>({
  image: imageOfKey,
  look,
  ended: (step, entry) => (entry === null ? `${step.key} is gone` : null),
  guards: { sameLock: another },

  async run(step, context): Promise<Effect> {
    const seen = await look(step, context);
    if (seen.kind !== "known") return seen;
    const stop = another(step, seen.value);
    if (stop !== null) return stop;
    const revoked = await context.ports.store(step.server).revoke(step.lease);
    return revoked.kind === "unanswered"
      ? silent(step.server, revoked)
      : done(`revoked the lease of ${step.key}`);
  },
});

async function look(step: Clear, { ports }: RunContext): Promise<Known<Entry | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry);
}

function another(step: Clear, entry: Entry | null): Broken {
  return entry === null || (entry.modRevision === step.modRevision && entry.lease === step.lease)
    ? null
    : refused(`${step.key} is another lock than when the plan was made`);
}
