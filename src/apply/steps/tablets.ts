import { stopwatch } from "../../cluster/clock.js";
import type { TabletRef } from "../../plan/fields.js";
import type { StepOf } from "../../plan/steps/index.js";
import type { NonPrimaryType } from "../../tablets/access.js";
import {
  done,
  type Effect,
  type Known,
  known,
  READY,
  type Refused,
  refused,
  type Silent,
  silent,
} from "../check.js";
import type { RunContext } from "../run-context.js";
import { intentsIn } from "../runs/journal.js";
import { provenByAnswer, type StepRunner, stepRunner } from "../step-runner.js";
import { streamsThere } from "../streams/idle.js";
import { notEnded, START_MS, stillListens } from "../tablet/ended.js";
import { differsFrom, nameOf } from "../tablet/identity.js";

type Refresh = StepOf<"tablet.refresh">;

const refresh = provenByAnswer<"tablet.refresh">(async (step, context) => {
  const stop = await differsFrom(step.tablet, context.ports.reader);
  if (stop !== null) return failed(step, stop);
  const lost = await context.fence.broken(null);
  if (lost !== null) return lost;
  const reply = await context.ports.writer.refreshState(step.tablet.address);
  return reply.kind === "unanswered"
    ? failed(step, silent(nameOf(step.tablet), reply))
    : done(`${nameOf(step.tablet)} has read its shard and serving graph again`);
});

/**
 * `RefreshState`: the tablet reads its Shard and SrvKeyspace again, the only way in which a lifted denial reaches it
 * (docs/vitess.md#refresh-state). It publishes nothing. Nothing shows from outside whether it was done, so only an answer proves it.
 */
const tabletRefresh: StepRunner<"tablet.refresh"> = {
  ...refresh,
  check: async (step, context) => (step.mayFail === true ? READY : refresh.check(step, context)),
};

/** What is said of a tablet that could not be told; whatever rests on it asks it itself. */
const failed = ({ tablet, mayFail }: Refresh, verdict: Refused | Silent): Effect =>
  mayFail === true
    ? done(
        `NOT refreshed: ${verdict.reason}; it goes on as it did until vtctldclient RefreshState ${tablet.alias}`,
      )
    : verdict;

type TabletStop = StepOf<"tablet.stop">;

/** A vttablet takes 12 to 17 s from its SIGTERM to its end (docs/vitess.md#shutdown); three times that. */
const END_MS = 60_000;
const END_POLL_MS = 1000;

/** Ends one process (docs/decisions.md#d19). That its streams are gone is earlier steps' work; that it does not return, a later one's. */
const tabletStop = stepRunner<"tablet.stop", boolean>({
  image: null,
  look: async (step, context) => known(await hasEnded(step, context)),
  ended: (step, hasEnded) => (hasEnded ? endedWords(step) : null),
  guards: {
    process: ({ tablet }, _ended, context) => anotherProcess(tablet, context),
    noRecord: (step, _ended, context) => recorded(step, context),
    noStream: (step, _ended, context) => streamsThere(step, context),
  },

  async run(step, context): Promise<Effect> {
    const failed =
      step.command === null ? await letPublish(step, context) : await letRun(step, step.command, context);
    if (failed?.kind === "refused") return failed;
    const ended = await awaitEnd(step.tablet, context);
    if (ended) return done(endedWords(step));
    return (
      failed ??
      refused(
        `${nameOf(step.tablet)} still answers ${END_MS / 1000} s after it was told to end${othersWords(step, context)}`,
      )
    );
  },
});

/**
 * Of a process that this run has told to end, that nothing listens is enough. Of another it takes what the removal of its record takes
 * (docs/safety.md#a-refused-connection): somebody may have ended it by hand, or it is about to be back.
 */
const hasEnded = async ({ id, tablet }: TabletStop, context: RunContext): Promise<boolean> => {
  const { reader } = context.ports;
  if ((await stillListens(tablet, reader)) !== null) return false;
  return intentsIn(context.folder.records()).has(id) || (await notEnded([tablet], context)) === null;
};

/** The command that did not end one will hardly end the next. */
function othersWords({ id, command }: TabletStop, { plan, folder }: RunContext): string {
  const begun = intentsIn(folder.records());
  const others = plan.stages
    .flatMap(({ steps }) => steps)
    .flatMap((step) =>
      step.kind === "tablet.stop" && step.id !== id && !begun.has(step.id) ? step.tablet.alias : [],
    );
  return command === null || others.length === 0
    ? ""
    : `; ${others.join(", ")} end after it: where the command ends none, end all of them by hand, and then one resume goes on`;
}

const endedWords = (step: TabletStop): string =>
  `nothing listens any more where ${nameOf(step.tablet)} was; its MySQL was not touched`;

/** Null also for one that stepped aside already, because a run that died told it to. */
async function anotherProcess(tablet: TabletRef, { ports }: RunContext): Promise<Refused | Silent | null> {
  const differs = await differsFrom(tablet, ports.reader);
  if (differs === null || (await differsFrom(resting(tablet), ports.reader)) === null) return null;
  return differs;
}

/** A process with a record would publish and live on; one without ends. A command needs no such proof. */
async function recorded(step: TabletStop, context: RunContext): Promise<Refused | Silent | null> {
  if (step.command !== null) return null;
  const got = await context.ports.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  return got.value.entry === null
    ? null
    : refused(
        `${step.key} exists, so ${nameOf(step.tablet)} is no orphan any more; scan again and plan anew`,
      );
}

const notOurs = async (step: TabletStop, context: RunContext): Promise<Refused | Silent | null> =>
  (await anotherProcess(step.tablet, context)) ??
  (await streamsThere(step, context)) ??
  (await context.fence.broken(null));

/** The reply is lost more often than not: the process is ending. What became of it is looked at, not believed. */
async function letPublish(step: TabletStop, context: RunContext): Promise<Refused | Silent | null> {
  const stop = (await recorded(step, context)) ?? (await notOurs(step, context));
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
  step: TabletStop,
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
  const waited = stopwatch(ports.clock);
  while ((await stillListens(tablet, ports.reader)) !== null) {
    if (waited() >= END_MS) return false;
    await ports.clock.sleep(END_POLL_MS);
  }
  return true;
}

type StayAway = StepOf<"tablet.stay-away">;

const RETURN_POLL_MS = 5000;

/**
 * Watches for a supervisor that starts a retired vttablet again: it would write the shard's records anew (docs/decisions.md#d19). Only
 * reads.
 */
const tabletStayAway = provenByAnswer<"tablet.stay-away">(async (step, context): Promise<Effect> => {
  const { clock } = context.ports;
  const watched = stopwatch(clock);
  while (watched() < step.watchMs) {
    if (!(await clock.sleep(RETURN_POLL_MS, context.signal)))
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

/** A return is told with all of its records. */
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

export const tabletRunners = {
  "tablet.refresh": tabletRefresh,
  "tablet.stop": tabletStop,
  "tablet.stay-away": tabletStayAway,
};
