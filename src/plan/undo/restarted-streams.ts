import type { Snapshot } from "../../snapshot/snapshot.js";
import { tabletRef } from "../facts/processes.js";
import type { EarlierState } from "../fields.js";
import type { Inverse } from "../kind.js";
import type { PastRun } from "../past-run.js";
import { stopMessage } from "../steps/streams.js";
import { noPrimary, objectOf, primaryOf } from "./held-tables.js";
import { blockedBy, by, type InverseSteps, NOTHING } from "./inverse-steps.js";

type Back = Extract<Inverse, { kind: "set-states-back" }>;

interface Row {
  readonly id: number;
  readonly state: string;
  readonly message: string | null;
}

/**
 * Sets the streams that a run stopped back to the states from before. Where the run has deleted streams of the workflow, the others
 * stay stopped: half of a workflow that runs again would be one that can be switched. So they do where its tables do not come back: these
 * were moved in the stage of the stops, or in a later one, behind deletions (`stopsFirst`).
 */
export const streamsBack = (
  snapshot: Snapshot,
  past: PastRun,
  inverse: Back,
  image: unknown,
): InverseSteps => {
  const { tablet, workflow, dbName } = inverse;
  const primary = primaryOf(snapshot, tablet);
  if (primary === null) return blockedBy(noPrimary(tablet));
  const now = snapshot.all<Row>(
    `SELECT id, state, message FROM vreplication
     WHERE address = ? AND workflow = ? AND db_name = ? GROUP BY id ORDER BY id`,
    primary.address,
    workflow,
    dbName,
  );
  const stopped = now.filter((row) => row.message === stopMessage(past.plan.id));
  if (stopped.length === 0) return NOTHING;
  if (deletesOf(past, workflow)) {
    const final = {
      finding: null,
      object: { ...objectOf(tablet), workflow },
      reason: `the run had begun to delete the streams of ${workflow}, so those that are left on ${primary.alias} stay stopped: half a workflow must not run`,
      instead: `end it with vtdoctor cancel ${tablet.keyspace}.${workflow}, and create the workflow again`,
    };
    return { ...NOTHING, final: [final] };
  }
  const earlier = earlierStates(image);
  const rows = stopped.flatMap(({ id }) => earlier.filter((row) => row.id === id));
  return by(
    {
      kind: "stream.restart",
      tablet: tabletRef(snapshot, primary),
      workflow,
      dbName,
      stoppedBy: past.plan.id,
      rows,
    },
    [
      {
        kind: "stream-rows",
        tablet: tabletRef(snapshot, primary),
        workflow,
        dbName,
        ids: now.map(({ id }) => id),
      },
    ],
  );
};

const deletesOf = (past: PastRun, workflow: string): boolean =>
  past.begun.some(
    ({ step }) => (step.kind === "stream.delete" || step.kind === "row.clear") && step.workflow === workflow,
  );

/** The before-image of `stream.stop`: rows of `_vt.vreplication`, column to text. */
const earlierStates = (image: unknown): readonly EarlierState[] =>
  (Array.isArray(image) ? image : []).flatMap((row: Readonly<Record<string, string | null>>) =>
    row.id == null || row.state == null
      ? []
      : [{ id: Number(row.id), state: row.state, message: row.message ?? "" }],
  );
