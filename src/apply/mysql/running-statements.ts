import { RefusedError } from "../../cluster/errors.js";
import { answered, type Outcome } from "../../cluster/outcome.js";
import type { TabletRef } from "../../plan/fields.js";
import type { Plan } from "../../plan/plan.js";
import type { Step } from "../../plan/steps/index.js";
import { readMark } from "../../tablets/run-mark.js";
import type { Ports } from "../ports.js";
import { intentsIn, type JournalRecord } from "../runs/journal.js";
import { nameOf } from "../tablet/identity.js";
import { readdressed } from "../tablet/tablet-address.js";
import { connectionWords } from "./table-users.js";

interface RunningStatement {
  readonly words: string;
  /** MySQL's id of it, for KILL. */
  readonly connection: string;
}

/** Statements of a run that the tablet's MySQL runs, or waits with, at this moment (its processlist). */
export async function runningStatements(
  run: string,
  tablet: TabletRef,
  { reader }: Ports,
): Promise<Outcome<readonly RunningStatement[]>> {
  const rows = await reader.rows(tablet.address, "statements");
  if (rows.kind === "unanswered") return rows;
  return answered(
    rows.value
      .filter((row) => readMark(row.conn_info ?? "")?.run === run)
      .map((row) => ({
        words: `the MySQL of ${nameOf(tablet)} is still at work on it: ${connectionWords(row)}`,
        connection: row.conn_id ?? "",
      })),
  );
}

/** As its folder tells it. */
interface BegunRun {
  readonly run: string;
  readonly plan: Plan;
  readonly records: readonly JournalRecord[];
}

/**
 * A statement whose reply was lost may wait for a table and be done long after: whoever goes on with its run, or takes it back, before
 * that would be undone by it. A tablet that does not answer is left to the steps, which ask the same one. Throws RefusedError.
 */
export async function refuseWhileRunning({ run, plan, records }: BegunRun, ports: Ports): Promise<void> {
  const begun = intentsIn(records);
  const steps = plan.stages.flatMap((stage) => stage.steps.filter(({ id }) => begun.has(id)));
  for (const tablet of tabletsOf(steps)) {
    const at = await readdressed(tablet, ports);
    const found = await runningStatements(run, at.kind === "known" ? at.value : tablet, ports);
    const [first] = found.kind === "answered" ? found.value : [];
    if (first !== undefined)
      throw new RefusedError(
        `run ${run} is not over: ${first.words}. Wait until it ends, or end it there with KILL ${first.connection}, then type this again. Nothing was changed.`,
      );
  }
}

/** Of the steps that run DDL. */
const tabletsOf = (steps: readonly Step[]): readonly TabletRef[] => {
  const tablets = steps.flatMap((step) => {
    switch (step.kind) {
      case "table.hold":
      case "table.drop":
      case "table.return":
      case "hold.drop":
      case "keys.export":
        return [step.tablet];
      default:
        return [];
    }
  });
  return [...new Map(tablets.map((tablet) => [JSON.stringify(tablet.address), tablet])).values()];
};
