import { distinct } from "../cluster/distinct.js";
import { type Draft, type DraftStage, type DraftStep, joinDrafts, worthRunning } from "./draft.js";
import type { Blocked } from "./fields.js";
import { mergeChange, subjectOfChange } from "./records/change.js";
import type { Bytes } from "./records/record-type.js";

type Write = Extract<DraftStep, { kind: "record.write" }>;

/** One repair behind the others. One that can not write a record behind them is refused whole. */
export const behind = (earlier: Draft, next: Draft): Draft => {
  const done = earlier.stages.flatMap(({ steps }) => steps);
  const stages: DraftStage[] = [];
  for (const stage of next.stages) {
    const one = composed([...done, ...stages.flatMap(({ steps }) => steps)], stage.steps);
    if (one.kind === "clash") return { ...earlier, blocked: [...earlier.blocked, ...clashing(next, one)] };
    stages.push({ ...stage, steps: one.steps });
  }
  return joinDrafts([earlier, { ...next, stages: worthRunning(stages) }]);
};

const clashing = ({ repairs, blocked }: Draft, { key, what }: Clash): readonly Blocked[] => [
  ...blocked,
  ...(repairs.length === 0 ? [null] : repairs).map((finding) => ({
    object: { key },
    finding,
    reason: `another repair of this plan changes ${what} too, and otherwise`,
    instead: "repair the one, scan again, and then the other",
  })),
];

interface Clash {
  readonly kind: "clash";
  readonly key: string;
  readonly what: string;
}

type Composed =
  | { readonly kind: "composed"; readonly steps: readonly DraftStep[] }
  /** Both change the same, and differently. */
  | Clash;

/**
 * The steps as they are behind `earlier` ones: both were made from one snapshot, and where both write one record, the later one makes its
 * change in what the earlier one leaves.
 */
export const composed = (earlier: readonly DraftStep[], steps: readonly DraftStep[]): Composed => {
  const done: DraftStep[] = [];
  for (const step of steps) {
    const there = isWrite(step) ? leftBy([...earlier, ...done], step) : undefined;
    if (!isWrite(step) || there === undefined) {
      done.push(step);
      continue;
    }
    const merged = mergeChange(step, there);
    if (merged.kind === "conflict") return { kind: "clash", key: step.key, what: subjectOfChange(step) };
    if (merged.kind === "put") done.push({ ...step, modRevision: null, before: there, after: merged.value });
  }
  return { kind: "composed", steps: done };
};

/** What the steps leave in a key; undefined: they do not write it. */
export const leftBy = (
  steps: readonly DraftStep[],
  { server, key }: { readonly server: string; readonly key: string },
): Bytes | undefined =>
  steps.findLast((step): step is Write => isWrite(step) && step.server === server && step.key === key)?.after;

const isWrite = (step: DraftStep): step is Write => step.kind === "record.write";

type Stop = Extract<DraftStep, { kind: "stream.stop" }>;
type End = Extract<DraftStep, { kind: "vdiff.delete" }>;
type Verify = Extract<DraftStep, { kind: "stream.verify-stopped" }>;

/**
 * Where several repairs of one plan stop streams, all of them stop before anything else is taken apart (docs/decisions.md#d16): the streams
 * of one workflow read from each other's sources and write beside each other. Their VDiffs end with them. One proof for all.
 */
export const hoistStops = (draft: Draft): Draft => {
  const stopping = draft.stages.filter(({ steps }) => steps.some(isStop));
  const first = draft.stages.findIndex(({ steps }) => !steps.some(opensTheWay));
  if (stopping.length === 0 || (stopping.length === 1 && draft.stages[first] === stopping[0])) return draft;
  const stops = new Map(
    stopping.flatMap(({ steps }) => steps.filter(isStop)).map((stop) => [nameOf(stop), stop]),
  );
  const ends = new Map(
    stopping
      .flatMap(({ steps }) => steps.filter(isEnd))
      .map((end) => [JSON.stringify([end.tablet.alias, end.keyspace, end.workflow]), end]),
  );
  const proofs = stopping.flatMap(({ steps }) => steps.filter(isProof));
  const streams = new Map(
    proofs
      .flatMap((proof) => proof.streams)
      .map((set) => [JSON.stringify([set.tablet.alias, set.workflow, set.dbName]), set]),
  );
  const together: DraftStage = {
    title: "Stop every stream everywhere",
    locks: distinct(stopping.flatMap(({ locks }) => locks)),
    steps: [
      ...stops.values(),
      ...ends.values(),
      {
        kind: "stream.verify-stopped",
        streams: [...streams.values()],
        settleMs: Math.max(...proofs.map(({ settleMs }) => settleMs)),
      },
    ],
  };
  const rest = draft.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.filter(
      (step) => !isStop(step) && !isProof(step) && !(stopping.includes(stage) && isEnd(step)),
    ),
  }));
  return { ...draft, stages: worthRunning([...rest.slice(0, first), together, ...rest.slice(first)]) };
};

/** A dead holder's lock would keep the stops waiting; a ghost is a stream that no other step stops. */
const opensTheWay = ({ kind }: DraftStep): boolean => kind === "lock.clear" || kind === "ghost.stop";

const isStop = (step: DraftStep): step is Stop => step.kind === "stream.stop";
const isEnd = (step: DraftStep): step is End => step.kind === "vdiff.delete";
const isProof = (step: DraftStep): step is Verify => step.kind === "stream.verify-stopped";

const nameOf = ({ tablet, workflow, dbName }: Stop): string =>
  JSON.stringify([tablet.alias, workflow, dbName]);

type StayAway = Extract<DraftStep, { kind: "tablet.stay-away" }>;

/** Several shards that leave in one plan are watched together, once all are gone: a watch takes minutes. */
export const mergeWatches = (draft: Draft): Draft => {
  const watches = draft.stages.flatMap(({ steps }) => steps.filter(isWatch));
  if (watches.length < 2) return draft;
  const rest = draft.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.filter((step) => !isWatch(step)),
  }));
  const together: DraftStage = {
    title: "Watch that the ended vttablets stay away",
    locks: [],
    steps: [
      {
        kind: "tablet.stay-away",
        tablets: watches.flatMap(({ tablets }) => tablets),
        keys: watches.flatMap(({ keys }) => keys),
        watchMs: Math.max(...watches.map(({ watchMs }) => watchMs)),
      },
    ],
  };
  return { ...draft, stages: worthRunning([...rest, together]) };
};

const isWatch = (step: DraftStep): step is StayAway => step.kind === "tablet.stay-away";
