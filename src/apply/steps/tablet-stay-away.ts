import type { StepOf } from "../../plan/steps/index.js";
import { done, type Effect, type Known, known, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { provenByAnswer } from "../step-runner.js";

type StayAway = StepOf<"tablet.stay-away">;

const POLL_MS = 5000;
/** From a start's first record to its last, so that a return is told with all of them (docs/vitess.md#tablet-start). */
const START_MS = 10_000;

/**
 * Watches for a supervisor that starts a retired vttablet again: it would write the shard's records anew (docs/decisions.md#d19). Only
 * reads.
 */
export const tabletStayAway = provenByAnswer<"tablet.stay-away">(async (step, context): Promise<Effect> => {
  const { clock } = context.ports;
  const until = clock.now() + step.watchMs;
  while (clock.now() < until) {
    if (!(await clock.sleep(POLL_MS, context.signal)))
      return { kind: "unanswered", reason: "interrupted while watching" };
    const back = await returned(step, context);
    if (back.kind !== "known") return back;
    if (back.value.length > 0) return await told(step, context);
  }
  return done(
    `${aliases(step)} stayed away for ${step.watchMs / 1000} s, and no record of them or their shard came back`,
  );
});

const aliases = (step: StayAway): string => step.tablets.map(({ alias }) => alias).join(", ");

async function told(step: StayAway, context: RunContext): Promise<Effect> {
  await context.ports.clock.sleep(START_MS);
  const back = await returned(step, context);
  if (back.kind !== "known") return back;
  const what = back.value.length > 0 ? back.value.join("; ") : "and is away again: it starts over and over";
  return {
    kind: "unverified",
    reason: `a retired tablet came back: ${what}. Something starts it again: stop it there, or name the command for it as hooks.stopTablet; then scan again`,
  };
}

/** What is there again, in words. */
async function returned(step: StayAway, { ports }: RunContext): Promise<Known<readonly string[]>> {
  const words: string[] = [];
  for (const tablet of step.tablets) {
    const identity = await ports.reader.identity(tablet.address);
    if (identity.kind === "answered" && identity.value.alias === tablet.alias)
      words.push(`${tablet.alias} runs again as ${identity.value.type}`);
  }
  for (const { server, key } of step.keys) {
    const got = await ports.store(server).get(key);
    if (got.kind === "unanswered") return silent(server, got);
    const { entry } = got.value;
    if (entry !== null) words.push(`${key} exists again since revision ${entry.createRevision}`);
  }
  return known(words);
}
