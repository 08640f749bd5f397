import { execute, giveBackLocks, resume } from "../apply/execute.js";
import { refuseWhileRunning } from "../apply/mysql/running-statements.js";
import type { ApplyEvent, Ports } from "../apply/ports.js";
import { proveStart } from "../apply/preconditions.js";
import { recordVerification } from "../apply/progress.js";
import type { ExecuteOptions } from "../apply/run.js";
import { resultsIn } from "../apply/runs/journal.js";
import type { RunFolder } from "../apply/runs/run-folder.js";
import { createRunFolder, openRunFolder, refuseStarted } from "../apply/runs/run-folder-disk.js";
import { listRuns, type StoredRun } from "../apply/runs/run-list.js";
import type { RunResult, StepResult } from "../apply/runs/run-result.js";
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
  /** The plan without the steps that were done. */
  readonly rest: Plan;
  /** Goes on with it, and closes it. */
  toTheEnd(): Promise<RunResult>;
  /** Leaves it as it is. */
  close(): void;
}

/** The cluster that the connection flags name, with runs in `--run-dir`. */
export function siteOf(request: Request): Site & {
  open(run: string): ResumedRun;
  /** Rejects with RefusedError while a statement of the run is still at work in a tablet's MySQL. */
  refuseWhileRunning(run: string): Promise<void>;
} {
  const folders = runsDirOf(request);
  const owner = ownerOf(request);
  const ended: StepResult[] = [];
  const told = narrate(request);
  const log = (event: ApplyEvent): void => {
    if (event.kind === "step-ended") ended.push(event.result);
    told(event);
  };
  let opened: Plan | null = null;
  const stored = (name: string | undefined): StoredRun | undefined =>
    listRuns(folders).runs.find(({ run }) => run === name);
  return {
    ended,
    left: () => opened && unfinished(opened, request),
    refuseWhileRunning: async (name) => {
      const past = stored(name);
      if (past !== undefined) await withPorts(request, log, (ports) => refuseWhileRunning(past, ports));
    },
    execute: (plan) =>
      withPorts(request, log, async (ports, options) => {
        refuseStarted(folders, plan);
        const past = stored(plan.run);
        if (past !== undefined) await refuseWhileRunning(past, ports);
        // A plan that is refused here has no run yet, and can be given again.
        await proveStart(plan, ports);
        const folder = createRunFolder(folders, plan, owner);
        opened = plan;
        return closing(folder, async () => {
          // A killed run still holds its locks for as long as their leases live.
          if (past !== undefined) await giveBackLocks(past.records, ports);
          return execute(plan, ports, folder, options);
        });
      }),
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
      const goOn = async (ports: Ports, options: ExecuteOptions): Promise<RunResult> => {
        // An undo or a purge goes on: the run that it is of counts too.
        for (const each of [stored(run), stored(folder.plan.run)])
          if (each !== undefined) await refuseWhileRunning(each, ports);
        return resume(folder, ports, options);
      };
      return {
        plan: folder.plan,
        rest: restOf(folder),
        close: () => folder.close(),
        toTheEnd: () => closing(folder, () => withPorts(request, log, goOn)),
      };
    },
    recordVerification: (run, exit, reasons) => {
      const folder = openRunFolder(folders, run, owner);
      try {
        recordVerification(folder, { exit, reasons }, request.context.clock);
      } finally {
        folder.close();
      }
    },
    rescans: {
      atOnce: () => rescan(request, "settle"),
      settled: request.given.duration("settle") === null ? null : () => rescan(request),
    },
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

function restOf(folder: RunFolder): Plan {
  const done = resultsIn(folder.records());
  const stages = folder.plan.stages
    .map((stage) => ({ ...stage, steps: stage.steps.filter(({ id }) => !done.has(id)) }))
    .filter(({ steps }) => steps.length > 0);
  return { ...folder.plan, stages };
}

async function closing<T>(folder: RunFolder, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    folder.close();
  }
}

async function withPorts<T>(
  { given, context }: Request,
  log: (event: ApplyEvent) => void,
  run: (ports: Ports, options: ExecuteOptions) => Promise<T>,
): Promise<T> {
  const ports = await context.reach.ports(connectionOf(given, context.env), context, log);
  try {
    return await run(ports, {
      lockTimeoutMs: given.duration("lock-timeout") ?? 45_000,
      signal: context.signal,
    });
  } finally {
    ports.close();
  }
}
