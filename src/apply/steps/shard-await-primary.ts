import { formatAlias } from "../../cluster/alias.js";
import { answered, type Outcome } from "../../cluster/outcome.js";
import type { StepOf } from "../../plan/steps/index.js";
import { decodeShard } from "../../topology/records.js";
import { done, type Effect, type Known, known, refused, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { type Broken, stepRunner } from "../step-runner.js";

type Await = StepOf<"shard.await-primary">;

const POLL_MS = 1000;

/** Waits for the running primary's shard sync to name itself in the Shard record (docs/vitess.md#shard-sync: within 30 s). Only reads. */
export const shardAwaitPrimary = stepRunner<"shard.await-primary", Uint8Array | null>({
  image: null,
  look,
  ended,
  guards: { noOther: another },

  async run(step, context): Promise<Effect> {
    const until = context.ports.clock.now() + step.timeoutMs;
    while (true) {
      const seen = await look(step, context);
      const now = seen.kind === "known" ? ended(step, seen.value) : null;
      if (now !== null) return done(now);
      const stop = seen.kind === "known" ? another(step, seen.value) : seen;
      if (stop?.kind === "refused") return stop;
      if (context.ports.clock.now() >= until) return stop ?? tooLate(step);
      if (!(await context.ports.clock.sleep(POLL_MS, context.signal))) {
        return { kind: "unanswered", reason: `interrupted while waiting for ${step.alias}` };
      }
    }
  },
});

async function look(step: Await, { ports }: RunContext): Promise<Known<Uint8Array | null>> {
  const got = await ports.store(step.server).get(step.key);
  return got.kind === "unanswered" ? silent(step.server, got) : known(got.value.entry?.value ?? null);
}

/** The alias of the primary that the record names; empty: none yet. */
const named = (bytes: Uint8Array | null): Outcome<string> | null => {
  const shard = bytes === null ? null : decodeShard(bytes);
  if (shard?.kind !== "answered") return shard;
  const { primaryAlias } = shard.value;
  return answered(primaryAlias === undefined || primaryAlias.cell === "" ? "" : formatAlias(primaryAlias));
};

function ended(step: Await, bytes: Uint8Array | null): string | null {
  const primary = named(bytes);
  return primary?.kind === "answered" && primary.value === step.alias
    ? `${step.keyspace}/${step.shard} names ${step.alias} as its primary`
    : null;
}

function another(step: Await, bytes: Uint8Array | null): Broken {
  const primary = named(bytes);
  if (primary === null) return refused(`${step.key} does not exist any more`);
  if (primary.kind === "unanswered") return refused(`${step.key} can not be decoded: ${primary.message}`);
  return primary.value === "" || primary.value === step.alias
    ? null
    : refused(
        `${step.keyspace}/${step.shard} names ${primary.value} as its primary, not ${step.alias}; scan again`,
      );
}

const tooLate = (step: Await): Effect =>
  refused(
    `${step.alias} did not name itself as primary of ${step.keyspace}/${step.shard} within ${step.timeoutMs / 1000} s; see whether it runs and is PRIMARY, then resume`,
  );
