import type { Ids } from "../cluster/clock.js";
import type { Finding } from "../findings/finding.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { Blocked, LockScope, Premise } from "./fields.js";

/** The rules' verdict on a snapshot: a plan itself knows no rules. */
export type Judge = (snapshot: Snapshot) => readonly Finding[];

/** Time, randomness and rules of a plan come in by argument (docs/decisions.md#d22). `now`: unix milliseconds. */
export interface PlanContext {
  readonly now: number;
  readonly ids: Ids;
  readonly judge: Judge;
}

/** What every plan is asked with. */
export interface PlanRequest {
  /** The command line, without secrets. */
  readonly command: string;
  /** The operator typed that a topology that looks restored from a backup may be repaired (docs/decisions.md#d8). */
  readonly restoredTopologyConfirmed: boolean;
}

/** What to do with the tablets of a shard that no cancel dropped (docs/decisions.md#d8). */
export type OrphanChoice = "restore" | "retire" | "leave";

/** The words of `hooks.stopTablet`, before a tablet's names are put in (`parseCommand`). */
export type CommandTemplate = readonly string[];

/** How the vttablets of a retired shard are ended (docs/decisions.md#d19): they end themselves, or by the operator's command. */
export type Stopping = Watched &
  ({ readonly kind: "unsupervised" } | { readonly kind: "command"; readonly template: CommandTemplate });

interface Watched {
  /** `--watch-return`, in milliseconds: a return within it is seen. */
  readonly watchMs: number;
}

export interface FixRequest extends PlanRequest {
  /** Ids of findings to repair; null: every finding that `keyspaces` lets through. */
  readonly findings: readonly string[] | null;
  /** Keyspaces to repair; null: all of them. */
  readonly keyspaces: readonly string[] | null;
  /** `--orphans`; null where it was not given: only what a cancel dropped is restored. */
  readonly orphans: OrphanChoice | null;
  /** `--unsupervised` or `hooks.stopTablet`; null: nobody said how, so nothing is retired. */
  readonly stopping: Stopping | null;
  /** `--server`, as far as the plan needs it: which vtctld elects; null: its commands are printed. */
  readonly vtctld: string | null;
}

/** What of a request counts for shards that were dropped. */
export type ShardRequest = Pick<FixRequest, "orphans" | "stopping" | "vtctld">;

export interface CancelRequest extends PlanRequest {
  readonly keyspace: string;
  readonly workflow: string;
  /** Neither the workflow nor anything of it is there: nothing to do, instead of a mistake. */
  readonly missingOk: boolean;
  /** `--keep-data`; null where it was not given: true for Materialize, else false. */
  readonly keepData: boolean | null;
  readonly keepRoutingRules: boolean;
  /** Drop the copied tables at once instead of holding them (docs/decisions.md#d18). */
  readonly purge: boolean;
  /** Add the secondary keys that the copy had put off to the tables that are kept. */
  readonly restoreSecondaryKeys: boolean;
  /** `--retire-targets`: how the vttablets of a Reshard's targets end, which leave then; null: they stay (docs/decisions.md#d16). */
  readonly retire: Stopping | null;
  /** As in `FixRequest`. */
  readonly vtctld: string | null;
}

/** What is to be repaired: a finding, or an object that a command names. */
export interface Named {
  readonly object: Finding["object"];
  /** Of the finding; null: there is none. */
  readonly id: string | null;
}

/** What stands in the way of a repair, without its place, and what the operator can do about it. */
export interface Obstacle {
  readonly reason: string;
  readonly instead: string;
}

export const isObstacle = <T extends object>(value: T | Obstacle): value is Obstacle =>
  "reason" in value && "instead" in value;

/** Somebody repaired it, or it went by itself. */
export const gone = (reason: string): Obstacle => ({ reason, instead: "nothing: scan again" });

/** One thing that can stand in the way of repairs, looked up for `scope`; empty: it does not. */
export type Guard<Scope> = (snapshot: Snapshot, scope: Scope) => readonly Obstacle[];

/** All that stands in the way, in the order of the guards. */
export const obstaclesTo = <Scope>(
  guards: readonly Guard<Scope>[],
  snapshot: Snapshot,
  scope: Scope,
): readonly Obstacle[] => guards.flatMap((guard) => guard(snapshot, scope));

/**
 * The values of each kind of step, by its name. Each file of `steps/` adds what it declares, so that a repair rests on the steps that it
 * takes, and not on all that there are.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled where the kinds are declared
export interface StepValues {}

/** A step before it has its place in the plan; class and losses follow from its kind. */
export type DraftStep = { [K in keyof StepValues]: { readonly kind: K } & StepValues[K] }[keyof StepValues];

export interface DraftStage {
  readonly title: string;
  readonly locks: readonly LockScope[];
  readonly steps: readonly DraftStep[];
}

/** What one recipe contributes to a plan. */
export interface Draft {
  /** Ids of findings that are gone when its steps are done; a finding that it only makes smaller is not among them. */
  readonly repairs: readonly string[];
  readonly stages: readonly DraftStage[];
  readonly premises: readonly Premise[];
  readonly blocked: readonly Blocked[];
  readonly notes: readonly string[];
}

export const EMPTY_DRAFT: Draft = { repairs: [], stages: [], premises: [], blocked: [], notes: [] };

/** Nothing is done about it, for each of these reasons. */
export const refusal = (at: Pick<Blocked, "object" | "finding">, obstacles: readonly Obstacle[]): Draft => ({
  ...EMPTY_DRAFT,
  blocked: obstacles.map((obstacle) => ({ ...at, ...obstacle })),
});

export const joinDrafts = (drafts: readonly Draft[]): Draft => ({
  repairs: drafts.flatMap((draft) => draft.repairs),
  stages: drafts.flatMap((draft) => draft.stages),
  premises: drafts.flatMap((draft) => draft.premises),
  blocked: drafts.flatMap((draft) => draft.blocked),
  notes: drafts.flatMap((draft) => draft.notes),
});

/** Stages without steps are not worth a lock. */
export const worthRunning = (stages: readonly DraftStage[]): readonly DraftStage[] =>
  stages.filter((stage) => stage.steps.length > 0);
