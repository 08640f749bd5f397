import type { TabletRef } from "../../plan/refs.js";
import type { StepOf } from "../../plan/steps/index.js";
import type { NonPrimaryType } from "../../tablets/access.js";
import { done, type Effect, known, type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";
import { differsFrom, nameOf } from "../tablet/identity.js";
import { isClosed } from "../tablet/tablet-address.js";

type Stop = StepOf<"tablet.stop">;

/** A vttablet takes 12 to 17 s from its SIGTERM to its end (docs/vitess.md#shutdown); three times that. */
const END_MS = 60_000;
const POLL_MS = 1000;

/** Ends one process (docs/decisions.md#d19). That its streams are gone is earlier steps' work; that it does not return, a later one's. */
export const tabletStop = stepRunner<"tablet.stop", boolean>({
  image: null,
  look: async ({ tablet }, { ports }) => known(await isClosed(tablet, ports.reader)),
  ended: (step, closed) => (closed ? endedWords(step) : null),
  guards: {
    process: ({ tablet }, _closed, context) => anotherProcess(tablet, context),
    noRecord: (step, _closed, context) => recorded(step, context),
  },

  async run(step, context): Promise<Effect> {
    const failed =
      step.command === null ? await letPublish(step, context) : await letRun(step, step.command, context);
    if (failed?.kind === "refused") return failed;
    const ended = await awaitEnd(step.tablet, context);
    if (ended) return done(endedWords(step));
    return (
      failed ?? refused(`${nameOf(step.tablet)} still answers ${END_MS / 1000} s after it was told to end`)
    );
  },
});

const endedWords = (step: Stop): string =>
  `nothing listens any more where ${nameOf(step.tablet)} was; its MySQL was not touched`;

/** Null also for one that stepped aside already, because a run that died told it to. */
async function anotherProcess(tablet: TabletRef, { ports }: RunContext): Promise<Refused | Silent | null> {
  const differs = await differsFrom(tablet, ports.reader);
  if (differs === null || (await differsFrom(resting(tablet), ports.reader)) === null) return null;
  return differs;
}

/** A process with a record would publish and live on; one without ends. A command needs no such proof. */
async function recorded(step: Stop, context: RunContext): Promise<Refused | Silent | null> {
  if (step.command !== null) return null;
  const got = await context.ports.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  return got.value.entry === null
    ? null
    : refused(
        `${step.key} exists, so ${nameOf(step.tablet)} is no orphan any more; scan again and plan anew`,
      );
}

const notOurs = async (step: Stop, context: RunContext): Promise<Refused | Silent | null> =>
  (await context.fence.broken(null)) ?? (await anotherProcess(step.tablet, context));

/** The reply is lost more often than not: the process is ending. What became of it is looked at, not believed. */
async function letPublish(step: Stop, context: RunContext): Promise<Refused | Silent | null> {
  const stop = (await notOurs(step, context)) ?? (await recorded(step, context));
  if (stop !== null) return stop;
  const { writer } = context.ports;
  const tags = await writer.changeTags(step.tablet.address);
  if (tags.kind === "answered") return null;
  if (tags.reason !== "unsupported") return silent(nameOf(step.tablet), tags);
  const type = await writer.changeType(step.tablet.address, restingType(step.tablet));
  return type.kind === "answered" ? null : silent(nameOf(step.tablet), type);
}

/** Before v21 there is no ChangeTags. A primary steps aside to SPARE, which serves nothing, and publishes that. */
const restingType = ({ type }: Pick<TabletRef, "type">): NonPrimaryType =>
  type === "REPLICA" || type === "RDONLY" ? type : "SPARE";

const resting = ({ termStart, ...tablet }: TabletRef): TabletRef => ({
  ...tablet,
  type: restingType(tablet),
});

async function letRun(
  step: Stop,
  command: readonly string[],
  context: RunContext,
): Promise<Refused | Silent | null> {
  const stop = await notOurs(step, context);
  if (stop !== null) return stop;
  const ran = await context.ports.hooks.run(command);
  return ran.kind === "answered"
    ? null
    : refused(`hooks.stopTablet for ${step.tablet.alias}, \`${command.join(" ")}\`: ${ran.message}`);
}

async function awaitEnd(tablet: TabletRef, { ports }: RunContext): Promise<boolean> {
  const until = ports.clock.now() + END_MS;
  while (!(await isClosed(tablet, ports.reader))) {
    if (ports.clock.now() >= until) return false;
    await ports.clock.sleep(POLL_MS);
  }
  return true;
}
