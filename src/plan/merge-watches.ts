import { type Draft, type DraftStage, type DraftStep, worthRunning } from "./draft.js";

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
