import { formatAlias } from "../../cluster/alias.js";
import type { StepOf } from "../../plan/steps/index.js";
import { decodeShard } from "../../topology/records.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, type Effect, READY, refused, silent } from "../verdict.js";

type Await = StepOf<"shard.await-primary">;

const POLL_MS = 1000;

/** Waits for the running primary's shard sync to name itself in the Shard record (docs/vitess.md#shard-sync: within 30 s). Only reads. */
export const shardAwaitPrimary: StepRunner<"shard.await-primary"> = {
  image: null,
  check: judge,

  async run(step, site): Promise<Effect> {
    const until = site.world.clock.now() + step.timeoutMs;
    while (true) {
      const now = await judge(step, site);
      if (now.kind === "done-already") return done(now.said);
      if (now.kind === "refused") return now;
      if (site.world.clock.now() >= until) return tooLate(step, now);
      if (!(await site.world.clock.sleep(POLL_MS, site.signal))) {
        return { kind: "unanswered", reason: `interrupted while waiting for ${step.alias}` };
      }
    }
  },

  verify: judge,
};

async function judge(step: Await, site: Site): Promise<Check> {
  const got = await site.world.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  if (got.value.entry === null) return refused(`${step.key} does not exist any more`);
  const shard = decodeShard(got.value.entry.value);
  if (shard.kind === "unanswered") return refused(`${step.key} can not be decoded: ${shard.message}`);
  const { primaryAlias } = shard.value;
  if (primaryAlias === undefined || primaryAlias.cell === "") return READY;
  const named = formatAlias(primaryAlias);
  return named === step.alias
    ? doneAlready(`${step.keyspace}/${step.shard} names ${named} as its primary`)
    : refused(`${step.keyspace}/${step.shard} names ${named} as its primary, not ${step.alias}; scan again`);
}

const tooLate = (step: Await, now: Check): Effect =>
  now.kind === "unanswered"
    ? now
    : refused(
        `${step.alias} did not name itself as primary of ${step.keyspace}/${step.shard} within ${step.timeoutMs / 1000} s; see whether it runs and is PRIMARY, then resume`,
      );
