import type { Draft, DraftStage, DraftStep } from "./draft.js";
import type { LockScope } from "./plan.js";

type Stop = Extract<DraftStep, { kind: "stream.stop" }>;
type Verify = Extract<DraftStep, { kind: "stream.verify-stopped" }>;

/**
 * Where several repairs of one plan stop streams, all of them stop before anything else is taken apart (design D16): the streams of one
 * workflow read from each other's sources and write beside each other. One proof for all.
 */
export const stopsFirst = (draft: Draft): Draft => {
  const stopping = draft.stages.filter(({ steps }) => steps.some(isStop));
  const [first] = stopping;
  if (first === undefined || stopping.length === 1) return draft;
  const stops = new Map(
    stopping.flatMap(({ steps }) => steps.filter(isStop)).map((stop) => [nameOf(stop), stop]),
  );
  const proofs = stopping.flatMap(({ steps }) => steps.filter(isProof));
  const streams = new Map(
    proofs
      .flatMap((proof) => proof.streams)
      .map((set) => [JSON.stringify([set.tablet.alias, set.workflow, set.dbName]), set]),
  );
  const together: DraftStage = {
    title: "Stop every stream everywhere",
    locks: distinctLocks(stopping.flatMap(({ locks }) => locks)),
    steps: [
      ...stops.values(),
      {
        kind: "stream.verify-stopped",
        streams: [...streams.values()],
        settleMs: Math.max(...proofs.map(({ settleMs }) => settleMs)),
      },
    ],
  };
  const rest = draft.stages.flatMap((stage) => {
    const steps = stage.steps.filter((step) => !isStop(step) && !isProof(step));
    const left = steps.length === 0 ? [] : [{ ...stage, steps }];
    return stage === first ? [together, ...left] : left;
  });
  return { ...draft, stages: rest };
};

const isStop = (step: DraftStep): step is Stop => step.kind === "stream.stop";
const isProof = (step: DraftStep): step is Verify => step.kind === "stream.verify-stopped";

const nameOf = ({ tablet, workflow, dbName }: Stop): string =>
  JSON.stringify([tablet.alias, workflow, dbName]);

const distinctLocks = (locks: readonly LockScope[]): readonly LockScope[] => [
  ...new Map(locks.map((lock) => [JSON.stringify(lock), lock])).values(),
];
