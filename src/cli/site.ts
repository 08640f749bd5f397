import { execute } from "../apply/execute.js";
import { giveBackLocks, resume } from "../apply/resume.js";
import type { RunFolder } from "../apply/run-folder.js";
import { createRunFolder, openRunFolder } from "../apply/run-folder-disk.js";
import type { RunResult, StepResult } from "../apply/run-result.js";
import { recordsOf } from "../apply/run-shelf.js";
import { seal } from "../apply/seal.js";
import type { ApplyEvent, World } from "../apply/world.js";
import { RefusedError } from "../cluster/errors.js";
import { connectionOf } from "../config/settings.js";
import type { Finding } from "../findings/finding.js";
import type { Plan } from "../plan/plan.js";
import type { Site } from "./carry-out.js";
import type { Request } from "./command.js";
import { narrate } from "./narrate.js";
import { judged, observe } from "./observe.js";
import { ruleSet } from "./rule-set.js";
import { ownerOf, runsDirOf } from "./run-dir.js";
import { refuseTakenBack } from "./run-shelf.js";
import { unfinished } from "./unfinished.js";

export interface ResumedRun {
  readonly plan: Plan;
  /** Goes on with it. */
  toTheEnd(): Promise<RunResult>;
}

/** The cluster that the connection flags name, with runs in `--run-dir`. */
export function siteOf(request: Request): Site & { open(run: string): ResumedRun } {
  const folders = runsDirOf(request);
  const owner = ownerOf(request);
  const ended: StepResult[] = [];
  const told = narrate(request);
  const log = (event: ApplyEvent): void => {
    if (event.kind === "step-ended") ended.push(event.result);
    told(event);
  };
  let opened: Plan | null = null;
  return {
    ended,
    left: () => opened && unfinished(opened, request),
    execute: (plan) => {
      const created = createRunFolder(folders, plan, owner);
      opened = plan;
      return within(request, created, log, async (folder, world, options) => {
        // A killed run still holds its locks for as long as their leases live.
        if (plan.run !== undefined) await giveBackLocks(recordsOf(folders, plan.run), world);
        return execute(plan, world, folder, options);
      });
    },
    open: (run) => {
      const folder = openRunFolder(folders, run, owner);
      try {
        refuseElsewhere(folder.plan, request);
        refuseTakenBack(folder.plan, folders);
      } catch (error) {
        folder.close();
        throw error;
      }
      opened = folder.plan;
      return { plan: folder.plan, toTheEnd: () => within(request, folder, log, resume) };
    },
    seal: (run, exit, reasons) => {
      const folder = openRunFolder(folders, run, owner);
      try {
        seal(folder, { exit, reasons }, request.context.clock);
      } finally {
        folder.close();
      }
    },
    rescan: () => rescan(request, "settle"),
    settledRescan: request.given.duration("settle") === null ? null : () => rescan(request),
  };
}

/** What `--save-snapshot` kept is the state before. */
async function rescan(request: Request, ...without: readonly string[]): Promise<readonly Finding[]> {
  const given = request.given.without("save-snapshot", "snapshot", ...without);
  return judged(await observe({ ...request, given }), ruleSet(request.given), request);
}

/** A run goes on where it began, whatever the flags say; its verification must not look at another cluster. */
function refuseElsewhere({ id, cluster }: Plan, { given, context }: Request): void {
  const { globalServer, globalRoot } = connectionOf(given, context.env);
  if (globalServer === cluster.globalServer && globalRoot === cluster.globalRoot) return;
  throw new RefusedError(
    `run ${id} is of ${cluster.globalServer}, root ${cluster.globalRoot}, not of ${globalServer}, root ${globalRoot}; give the flags that it was started with. Nothing was changed.`,
  );
}

async function within(
  request: Request,
  folder: RunFolder,
  log: (event: ApplyEvent) => void,
  run: (
    folder: RunFolder,
    world: World,
    options: { lockTimeoutMs: number; signal: AbortSignal },
  ) => Promise<RunResult>,
): Promise<RunResult> {
  const { given, context } = request;
  try {
    const world = await context.reach.world(connectionOf(given, context.env), context, log);
    try {
      return await run(folder, world, {
        lockTimeoutMs: given.duration("lock-timeout") ?? 45_000,
        signal: context.signal,
      });
    } finally {
      world.close();
    }
  } finally {
    folder.close();
  }
}
