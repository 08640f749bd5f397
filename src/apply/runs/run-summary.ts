import type { ExitName } from "../../cluster/errors.js";
import type { TabletRef } from "../../plan/fields.js";
import { isClaimed, type Owner } from "./folder-owner.js";
import { isFinished } from "./journal.js";
import { pastRun, type RunList, type StoredRun } from "./run-list.js";

/** One line of `vtdoctor runs`, from the folders alone: what a cluster holds today is for a scan to say. */
export interface RunSummary {
  readonly run: string;
  /** ISO 8601; null: it was never started. */
  readonly startedAt: string | null;
  /** `user@host`, of every process that worked on it. */
  readonly by: readonly string[];
  readonly operation: string;
  /** The run that it took back or purged. */
  readonly of: string | null;
  readonly command: string;
  readonly result: "finished" | "stopped" | "interrupted" | "running" | "not started";
  /** What the new look after its end came to; null: there was none. */
  readonly exit: ExitName | null;
  /** Why it stopped, or what the new look did not like. */
  readonly because: string | null;
  readonly steps: { readonly done: number; readonly all: number };
  /** What it moved aside and nothing of vtdoctor brought back or dropped. */
  readonly held: readonly HeldPart[];
  readonly undo: { readonly possible: boolean; readonly because: string };
}

interface HeldPart {
  readonly keyspace: string;
  readonly shard: string;
  readonly alias: string;
  readonly schema: string;
  readonly tables: readonly string[];
}

export function summaryOf(list: RunList, stored: StoredRun, owner: Owner): RunSummary {
  const { run, plan, path, records } = stored;
  const starts = records.flatMap((one) => (one.kind === "started" || one.kind === "resumed" ? [one] : []));
  const stops = records.flatMap((one) => (one.kind === "stopped" ? [one.because] : []));
  const verified = records.findLast((one) => one.kind === "verified");
  const reasons = verified?.reasons.join("; ") ?? "";
  const last = records.at(-1);
  const done = new Set(records.flatMap((one) => (one.kind === "result" ? [one.step] : []))).size;
  const result = isFinished(records)
    ? "finished"
    : isClaimed(path, owner)
      ? "running"
      : last === undefined
        ? "not started"
        : last.kind === "stopped"
          ? "stopped"
          : "interrupted";
  return {
    run,
    startedAt: starts[0]?.at ?? null,
    by: [...new Set(starts.map(({ userName, hostName }) => `${userName}@${hostName}`))],
    operation: plan.operation,
    of: plan.run ?? null,
    command: plan.command,
    result,
    exit: verified?.exit ?? null,
    because: result === "stopped" ? (stops.at(-1) ?? null) : reasons === "" ? null : reasons,
    steps: { done, all: plan.stages.flatMap(({ steps }) => steps).length },
    held: heldBy(list, stored),
    undo: undoOf(list, stored, result === "running"),
  };
}

function heldBy(list: RunList, stored: StoredRun): readonly HeldPart[] {
  const { begun, laterRuns } = pastRun(list, stored);
  const free = laterRuns.flatMap(({ done }) => done);
  const isFree = ({ keyspace, shard }: TabletRef): boolean =>
    free.some(
      (step) =>
        (step.kind === "table.return" || step.kind === "hold.drop") &&
        step.tablet.keyspace === keyspace &&
        step.tablet.shard === shard,
    );
  return begun.flatMap(({ step }) =>
    step.kind !== "table.hold" || isFree(step.tablet)
      ? []
      : [
          {
            keyspace: step.tablet.keyspace,
            shard: step.tablet.shard,
            alias: step.tablet.alias,
            schema: step.holdSchema,
            tables: step.tables,
          },
        ],
  );
}

function undoOf(list: RunList, stored: StoredRun, isRunning: boolean): RunSummary["undo"] {
  const { begun, laterRuns } = pastRun(list, stored);
  const no = (because: string) => ({ possible: false, because });
  if (isRunning) return no("it is being executed");
  if (begun.length === 0) return no("it changed nothing");
  const undone = laterRuns.find(({ operation, finished }) => operation === "undo" && finished);
  if (undone !== undefined) return no(`run ${undone.run} took it back`);
  const ways = begun.filter(({ inverse }) => inverse.kind !== "none" && inverse.kind !== "run-again");
  const purge = laterRuns.find(({ operation }) => operation === "purge");
  const left = purge === undefined ? ways : ways.filter(({ inverse }) => inverse.kind !== "move-tables-back");
  if (left.length === 0) {
    return no(
      purge === undefined ? "nothing that it did has a way back" : `run ${purge.run} dropped what it held`,
    );
  }
  const open = laterRuns.find(({ operation }) => operation === "undo");
  return {
    possible: true,
    because:
      open === undefined
        ? `${left.length} of ${begun.length} steps have a way back`
        : `run ${open.run} began it: vtdoctor resume ${open.run}`,
  };
}
