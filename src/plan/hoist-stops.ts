import { distinct } from "./distinct.js";
import { type Draft, type DraftStage, type DraftStep, worthRunning } from "./draft.js";

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
