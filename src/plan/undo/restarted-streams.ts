import type { Snapshot } from "../../snapshot/snapshot.js";
import { cancelType } from "../cancel/types/cancel-registry.js";
import type { Obstacle } from "../draft.js";
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
  const used = usedMeanwhile(snapshot, tablet.keyspace, workflow);
  if (used !== null) {
    const final = {
      finding: null,
      object: { ...objectOf(tablet), workflow },
      reason: `since the run stopped the streams of ${workflow}, somebody let clients use its target (${used.reason}), so they stay stopped on ${primary.alias}: they would write over what clients write there`,
      instead: used.instead,
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

/** By whatever hand: a cancel only begins where nothing leads to the target. A reverse workflow shows the signs of its forward one. */
const usedMeanwhile = (snapshot: Snapshot, keyspace: string, workflow: string): Obstacle | null => {
  if (workflow.endsWith("_reverse")) return null;
  const [row] = snapshot.rows("workflow", { keyspace, workflow });
  const type = cancelType(row?.kind ?? "");
  const [used] = snapshot
    .rows("switch_sign", { keyspace, workflow })
    .filter(({ kind }) => LEADS_THERE.includes(kind))
    .flatMap((sign) => type?.forbidding(sign, true) ?? []);
  return used ?? null;
};

const LEADS_THERE: readonly string[] = ["target-serves", "to-target", "rule", "shard-rule", "keyspace-rule"];

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
