import { execute, giveBackLocks, proveRest, resume } from "../apply/execute.js";
import { refuseWhileRunning } from "../apply/mysql/running-statements.js";
import type { ExecuteOptions } from "../apply/plan-execution.js";
import type { ApplyEvent, Ports } from "../apply/ports.js";
import { proveStart } from "../apply/preconditions.js";
import { recordVerification } from "../apply/progress.js";
import { claimFolder } from "../apply/runs/folder-owner.js";
import { planLeft } from "../apply/runs/journal.js";
import type { RunFolder } from "../apply/runs/run-folder.js";
import { createRunFolder, openRunFolder, refuseStarted } from "../apply/runs/run-folder-disk.js";
import { listRuns, type StoredRun } from "../apply/runs/run-list.js";
import type { RunResult, StepResult } from "../apply/runs/run-result.js";
import { type ExitName, RefusedError } from "../cluster/errors.js";
import { connectionOf } from "../config/settings.js";
import type { Finding } from "../findings/finding.js";
import { planCluster } from "../plan/facts/cluster.js";
import { type Routed, routedOf } from "../plan/foresight/compare.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { Rescans } from "../verify/verify.js";
import type { Request } from "./command.js";
import { judged, observe, ruleSet } from "./observe.js";
import { ownerOf } from "./owner.js";
import { relookOf } from "./relook.js";
import { dirOfRun, newRunDir, refuseUndone, type Unfinished, unfinished } from "./run-dir.js";

/** What is to be carried out: a new plan, or a run that was begun. */
export interface Work {
  readonly plan: Plan;
  /** The plan without the steps that were done. */
  readonly rest: Plan;
  /** Executes it to its end, and closes it. */
  execute(): Promise<RunResult>;
  /** Leaves it as it is. */
  close(): void;
}

/** A run that was begun. */
export interface Begun extends Work {
  /** Where queries led before the stage that it is in; null: nobody looked. */
  readonly begunOn: Routed | null;
  /** Rejects where what is left of it does not hold any more. */
  prove(): Promise<void>;
}

/** Executes plans and looks at the cluster again. */
export interface Executor {
  /** On the cluster that was seen. The run's folder is made when the plan is executed. */
  start(plan: Plan, snapshot: Snapshot): Work;
  /** Goes on with a run; nobody else does until it is closed. */
  open(run: string): Begun;
  readonly rescans: Rescans;
  /** Writes into the run's folder what the new look came to. */
  recordVerification(run: string, exit: ExitName, reasons: readonly string[]): void;
  /** Steps that ended since this process began. */
  readonly ended: readonly StepResult[];
  /** The run that this process has begun, as it is left now; null: none. */
  left(): Unfinished | null;
  /** Rejects with RefusedError while a statement of the run is still at work in a tablet's MySQL. */
  refuseWhileRunning(run: string): Promise<void>;
  /** Rejects where a plan that was not begun does not hold any more: it is too old, another cluster's, or stale. */
  prove(plan: Plan): Promise<void>;
}

/** On the cluster that the connection flags name. `claimed`: the run whose folder the command has claimed. */
export function executorOf(request: Request, claimed: string | null = null): Executor {
  const owner = ownerOf(request);
  const ended: StepResult[] = [];
  const told = progressLog(request);
  const log = (event: ApplyEvent): void => {
    if (event.kind === "step-ended") ended.push(event.result);
    told(event);
  };
  let opened: { readonly plan: Plan; readonly folders: string } | null = null;
  const stored = (folders: string, name: string | undefined): StoredRun | undefined =>
    listRuns(folders).runs.find(({ run }) => run === name);
  /** The run that a plan takes back, or whose held tables it drops, has no other executor meanwhile. */
  const besides = async <T>(
    { run }: Plan,
    folders: string,
    work: (past: StoredRun | undefined) => Promise<T>,
  ): Promise<T> => {
    const path = stored(folders, run)?.path;
    const release = path === undefined || run === claimed ? () => {} : claimFolder(path, owner);
    try {
      return await work(stored(folders, run));
    } finally {
      release();
    }
  };
  const begin = (plan: Plan, folders: string, ports: Ports, options: ExecuteOptions): Promise<RunResult> =>
    besides(plan, folders, async (past) => {
      refuseStarted(folders, plan);
      if (past !== undefined) await refuseWhileRunning(past, ports);
      // A plan that is refused here has no run yet, and can be given again.
      await proveStart(plan, ports);
      const folder = createRunFolder(folders, plan, owner);
      opened = { plan, folders };
      return closing(folder, async () => {
        // A killed run still holds its locks for as long as their leases live.
        if (past !== undefined) await giveBackLocks(past.records, ports);
        return execute(plan, ports, folder, options);
      });
    });
  return {
    ended,
    left: () => opened && unfinished(opened.plan, opened.folders, request),
    refuseWhileRunning: async (name) => {
      const past = stored(dirOfRun(request, name), name);
      if (past !== undefined) await withPorts(request, log, (ports) => refuseWhileRunning(past, ports));
    },
    prove: (plan) => withPorts(request, log, (ports) => proveStart(plan, ports)),
    start: (plan, snapshot) => {
      // Before anybody is asked. A plan without steps needs no place.
      const folders = plan.stages.length === 0 ? "" : newRunDir(request, plan, planCluster(snapshot));
      return {
        plan,
        rest: plan,
        close: () => {},
        execute: () => {
          const seen = routedOf(snapshot);
          return withPorts(request, log, (ports, options) =>
            begin(plan, folders, ports, { ...options, look: relookOf(request, plan, seen) }),
          );
        },
      };
    },
    open: (run) => {
      const folders = dirOfRun(request, run);
      const folder = openRunFolder(folders, run, owner);
      try {
        refuseElsewhere(folder.plan, request);
        refuseUndone(folder.plan, folders);
      } catch (error) {
        folder.close();
        throw error;
      }
      opened = { plan: folder.plan, folders };
      const goOn = (ports: Ports, options: ExecuteOptions): Promise<RunResult> =>
        // An undo or a purge goes on: the run that it is of counts too.
        besides(folder.plan, folders, async (past) => {
          for (const each of [stored(folders, run), past])
            if (each !== undefined) await refuseWhileRunning(each, ports);
          const look = relookOf(request, folder.plan, null);
          return resume(folder, ports, { ...options, look });
        });
      return {
        plan: folder.plan,
        rest: planLeft(folder.plan, folder.records()),
        begunOn: folder.keptPaths() as Routed | null,
        prove: () => withPorts(request, log, (ports) => proveRest(folder, ports)),
        close: () => folder.close(),
        execute: () => closing(folder, () => withPorts(request, log, goOn)),
      };
    },
    recordVerification: (run, exit, reasons) => {
      const folder = openRunFolder(opened?.folders ?? dirOfRun(request, run), run, owner);
      try {
        recordVerification(folder, { exit, reasons }, request.context.clock);
      } finally {
        folder.close();
      }
    },
    rescans: {
      atOnce: () => rescan(request, "settle"),
      settled: (request.given.duration("settle") ?? 0) === 0 ? null : () => rescan(request),
    },
  };
}

/** What `--save-snapshot` kept is the state before. */
async function rescan(request: Request, ...without: readonly string[]): Promise<readonly Finding[]> {
  const given = request.given.without("save-snapshot", "snapshot", ...without);
  const observation = await observe({ ...request, given });
  try {
    return judged(observation, ruleSet(request.given), request).findings();
  } finally {
    observation.snapshot.close();
  }
}

/** A run goes on where it began, whatever the flags say; its verification must not look at another cluster. */
function refuseElsewhere({ id, cluster }: Plan, { given, context }: Request): void {
  const { globalServer, globalRoot } = connectionOf(given, context.env);
  if (globalServer === cluster.globalServer && globalRoot === cluster.globalRoot) return;
  throw new RefusedError(
    `run ${id} is of ${cluster.globalServer}, root ${cluster.globalRoot}, not of ${globalServer}, root ${globalRoot}; give the flags that it was started with. Nothing was changed.`,
  );
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
  const ports = await context.backend.ports(connectionOf(given, context.env), context, log);
  try {
    return await run(ports, {
      lockTimeoutMs: given.duration("lock-timeout") ?? 45_000,
      signal: context.signal,
    });
  } finally {
    ports.close();
  }
}

/** Tells on stderr what an execution does, a line a step; nothing with `--quiet`. */
const progressLog = ({
  given,
  context,
}: Pick<Request, "given" | "context">): ((event: ApplyEvent) => void) => {
  if (given.yes("quiet")) return () => {};
  const { terminal } = context;
  return (event) => {
    switch (event.kind) {
      case "stage-started":
        return terminal.note(`${event.title}`);
      case "lock-awaited":
        return terminal.progress(
          `waiting for the lock on ${event.lock}, held by ${event.holder.action} on ${event.holder.hostName}`,
        );
      case "lock-taken":
        return terminal.progress(`lock on ${event.lock} taken`);
      case "step-started":
        return terminal.progress(`${event.id} ...`);
      case "step-ended":
        return terminal.note(
          `  ${event.result.outcome === "done" ? "done" : "was done"}  ${event.result.id}: ${event.result.said}`,
        );
      case "looked":
        for (const path of event.looked.elsewhere)
          terminal.note(`  elsewhere, not touched by this run: ${path}`);
        return;
    }
  };
};
