import type { Snapshot } from "../snapshot/snapshot.js";
import type { PlanContext } from "./context.js";
import { distinct } from "./distinct.js";
import type { Draft, DraftStep } from "./draft.js";
import type { Plan, Read, Stage, Step } from "./plan.js";
import { STEP_SPECS } from "./steps/index.js";
import { planCluster } from "./view/cluster.js";

/** A plan that waits longer was made for another day; its reads would most likely be stale anyway. */
const LIFETIME_MS = 24 * 3600 * 1000;

export interface Heading {
  readonly id: string;
  readonly operation: Plan["operation"];
  readonly run?: string;
  readonly command: string;
}

/** Gives a draft its heading, its step ids and its consent classes. */
export const assemble = (snapshot: Snapshot, heading: Heading, draft: Draft, context: PlanContext): Plan => ({
  kind: "vtdoctor-plan",
  schema: 1,
  ...heading,
  repairs: [...new Set(draft.repairs)].sort(),
  createdAt: context.now,
  expiresAt: context.now + LIFETIME_MS,
  cluster: planCluster(snapshot),
  reads: distinctReads(draft.reads),
  stages: numbered(draft),
  // Two repairs may say the same.
  blocked: distinct(draft.blocked),
  notes: [...new Set(draft.notes)],
});

const numbered = (draft: Draft): readonly Stage[] => {
  const width = Math.max(2, String(draft.stages.flatMap((stage) => stage.steps).length).length);
  let number = 0;
  return draft.stages.map((stage) => ({
    title: stage.title,
    locks: stage.locks,
    steps: stage.steps.map((step) => {
      number += 1;
      return finished(`${String(number).padStart(width, "0")}-${step.kind}-${subject(step)}`, step);
    }),
  }));
};

const finished = (id: string, step: DraftStep): Step => {
  const { class: consent, destroys } = STEP_SPECS[step.kind];
  return { id, class: consent, destroys, ...step } as Step;
};

const subject = (step: DraftStep): string => {
  if ("tablet" in step) return step.tablet.alias;
  if ("of" in step) return `${step.of}-${step.keyspace}-${step.shard}`;
  if ("tablets" in step) return step.tablets.map(({ alias }) => alias).join("-");
  if ("shard" in step) return `${step.keyspace}-${step.shard}`;
  if ("cell" in step) return `${step.keyspace}-${step.cell}`;
  if ("keyspace" in step) return step.keyspace;
  if ("cells" in step) return step.cells.join("-");
  if ("streams" in step) return [...new Set(step.streams.map((set) => set.workflow))].join("-");
  return step.key.slice(step.key.lastIndexOf("/") + 1);
};

/** Each fact once, in an order that does not depend on the recipes'. */
const distinctReads = (reads: readonly Read[]): readonly Read[] => {
  const byName = new Map(reads.map((read) => [nameOf(read), read]));
  return [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, read]) => read);
};

const nameOf = (read: Read): string =>
  read.kind === "topo-key"
    ? JSON.stringify([0, read.server, read.key])
    : JSON.stringify([1, read.tablet.alias, read.workflow, read.dbName]);
