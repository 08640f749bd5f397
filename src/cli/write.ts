import { UsageError } from "../cluster/errors.js";
import type { Finding } from "../findings/finding.js";
import type { PlanContext, PlanRequest } from "../plan/draft.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { carryOut, showPlan } from "./carry-out.js";
import type { Request } from "./command.js";
import { type Review, restoredTopologyConfirmed } from "./consent.js";
import type { Executor } from "./executor.js";
import { judgeAgain, keep, ruleSet } from "./observe.js";
import { observeSurely } from "./second-look.js";

/** What a command that writes has of its own; the way to the end is the same for all. */
interface Writing {
  readonly review: Review;
  /** Whether a finding that was not there before counts against the run. */
  readonly mindsNew: boolean;
  /** Whether it matters that a finding is only suspected; where it does, the cluster is looked at again. */
  readonly minds?: (finding: Finding) => boolean;
  /** Whether the look at the cluster asks for the tables of every shard. */
  readonly askTables?: boolean;
  /** Throws DoctorErrors. */
  plan(seen: Seen): Plan | Promise<Plan>;
}

interface Seen {
  readonly snapshot: Snapshot;
  findings(): readonly Finding[];
  /** What every plan is asked for with; asks the operator where the topology looks restored. */
  asked(): Promise<PlanRequest>;
  /** The moment of planning. */
  context(): PlanContext;
}

/** Looks at the cluster, plans, and shows the plan (`--dry-run`) or carries it out. */
export async function write(
  request: Request,
  executor: Executor,
  { review, mindsNew, plan: planOf, ...looking }: Writing,
): Promise<number> {
  const { given, context } = request;
  const dryRun = given.yes("dry-run");
  const observation = await observeSurely(request, ruleSet(given), { ...looking, remembers: false });
  keep(observation, request);
  const { snapshot, findings } = observation;
  const plan = await planOf({
    snapshot,
    findings,
    asked: async () => ({
      command: request.typed,
      restoredTopologyConfirmed: await confirmedRestored(request, snapshot, dryRun),
    }),
    context: () => ({ now: context.clock.now(), ids: context.ids, judge: judgeAgain(request) }),
  });
  if (dryRun) return showPlan(plan, request);
  const before = mindsNew ? findings().map(({ id }) => id) : null;
  return carryOut(executor.start(plan, snapshot), { review, before }, executor, request);
}

/** What can only be had of a plan that is not executed. Throws `UsageError`. */
export function refuseDryRunFlags({ given }: Request): void {
  if (given.yes("dry-run")) return;
  if (given.text("out") !== undefined) throw new UsageError("--out: saves the plan of --dry-run; give both.");
  if (given.text("snapshot") !== undefined) {
    throw new UsageError("--snapshot: a saved snapshot can only be planned on; give --dry-run with it.");
  }
}

/** A dry run never asks: it shows the refusal. */
async function confirmedRestored(request: Request, snapshot: Snapshot, dryRun: boolean): Promise<boolean> {
  const signs = snapshot.rows("restored_topology").map(({ detail }) => detail);
  if (signs.length === 0 || (dryRun && request.given.text("confirm") === undefined)) return false;
  const [meta] = snapshot.rows("meta", { name: "global_root" });
  return restoredTopologyConfirmed(signs, meta?.value ?? "", request);
}
