import type { Snapshot } from "../../snapshot/snapshot.js";
import { isPrimary, type Process, probed, processesOfShard, tabletRef } from "../facts/processes.js";
import { shardName } from "../facts/topology.js";
import type { TabletRef } from "../fields.js";
import type { Inverse } from "../kind.js";
import type { BegunStep, PastRun } from "../past-run.js";
import type { StepOf } from "../steps/index.js";
import { blockedBy, by, type InverseSteps, NOTHING } from "./inverse-steps.js";

type Back = Extract<Inverse, { kind: "move-tables-back" }>;

/** Moves tables that a run holds back to where they were, on whoever is the shard's primary now: all of them or none. */
export const tablesBack = (
  snapshot: Snapshot,
  past: PastRun,
  inverse: Back,
  { step, ended }: Pick<BegunStep, "step" | "ended">,
): InverseSteps => {
  const { tablet, fromSchema: holdSchema, toSchema: dbName, tables } = inverse;
  const primary = primaryOf(snapshot, tablet);
  if (primary === null) return blockedBy(noPrimary(tablet));
  const { address, alias } = primary;
  for (const channel of ["holds", "schema"]) {
    if (!probed(snapshot, address, channel)) return blockedBy(silentTables(tablet, alias));
  }
  const held = heldTables(snapshot, address, holdSchema).filter((table) => tables.includes(table));
  const there = tablesIn(snapshot, address, dbName).filter((table) => tables.includes(table));
  const made = `${there.join(", ")} exists in ${dbName} on ${alias} again`;
  if (held.length === 0) {
    if (there.length < tables.length) return gone(past, inverse, there);
    const isOurs = !ended || undoneBy(past, inverse) !== undefined;
    return isOurs
      ? NOTHING
      : blockedBy(madeAnew(past, inverse, `${made}, and no undo of vtdoctor put it there`));
  }
  if (there.length > 0) {
    return blockedBy(madeAnew(past, inverse, `${made}: somebody made it after the run`));
  }
  const lost = tables.filter((table) => !held.includes(table));
  if (lost.length > 0) return dropped(tablet, holdSchema, lost);
  const views = step.kind === "table.hold" ? step.views : [];
  return by({
    kind: "table.return",
    tablet: tabletRef(snapshot, primary),
    dbName,
    holdSchema,
    tables: held,
    views,
  });
};

/** A drop has no way back; whether it had come to drop anything is for the database to say. */
export const dropBack = (snapshot: Snapshot, step: StepOf<"table.drop">, ended: boolean): InverseSteps => {
  const { tablet, dbName, tables } = step;
  if (ended) return blockedBy(droppedByRun(tablet, tables));
  const primary = primaryOf(snapshot, tablet);
  if (primary === null) return blockedBy(noPrimary(tablet));
  if (!probed(snapshot, primary.address, "schema")) return blockedBy(silentTables(tablet, primary.alias));
  const there = tablesIn(snapshot, primary.address, dbName);
  const lost = tables.filter((table) => !there.includes(table));
  return lost.length === 0 ? NOTHING : blockedBy(droppedByRun(tablet, lost));
};

const droppedByRun = (tablet: TabletRef, tables: readonly string[]) => ({
  object: objectOf(tablet),
  reason: `the data is gone: the run dropped ${tables.join(", ")} of ${shardName(tablet)}, as --purge asked`,
  instead: COPY_AGAIN,
});

/** It may be the table that production uses today, so nothing here tells anybody to take it away. */
const madeAnew = (past: PastRun, { tablet, fromSchema }: Back, reason: string) => ({
  object: objectOf(tablet),
  reason,
  instead: `it stays as it is, for it may be in use: see where queries go (vtctldclient GetRoutingRules, vtctldclient GetVSchema ${tablet.keyspace}) and what it holds; where it is the table of today, nothing is to be taken back, and vtdoctor purge ${past.plan.id} drops the old copy in ${fromSchema}`,
});

/** The one process that takes writes for the shard; null where none answers, or more than one. */
export const primaryOf = (snapshot: Snapshot, { keyspace, shard }: TabletRef): Process | null => {
  const primaries = processesOfShard(snapshot, keyspace, shard).filter(isPrimary);
  return primaries.length === 1 ? (primaries[0] ?? null) : null;
};

export const objectOf = ({ keyspace, shard }: TabletRef) => ({ keyspace, shard });

export const noPrimary = (tablet: TabletRef) => ({
  object: objectOf(tablet),
  reason: `${shardName(tablet)} has no primary that answers, or more than one`,
  instead:
    "start its vttablets where they have ended, make one of them primary (vtctldclient PlannedReparentShard), then run the command again",
});

export const silentTables = (tablet: TabletRef, alias: string) => ({
  object: objectOf(tablet),
  reason: `${alias} did not say which tables it has`,
  instead: "make it answer (vtdoctor scan --verbose says why it does not), then run the command again",
});

export const heldTables = (snapshot: Snapshot, address: string, holdSchema: string): readonly string[] =>
  snapshot.rows("held_table", { address, hold_schema: holdSchema }).map(({ table_name }) => table_name);

const tablesIn = (snapshot: Snapshot, address: string, dbName: string): readonly string[] =>
  snapshot.rows("live_table", { address, db_name: dbName }).map(({ table_name }) => table_name);

/** Neither held nor all in their place. */
const gone = (past: PastRun, inverse: Back, there: readonly string[]): InverseSteps => {
  const { tablet, fromSchema, tables } = inverse;
  if (undoneBy(past, inverse)?.finished === true) return NOTHING;
  const purge = laterRunBy(past, inverse, "hold.drop");
  if (purge !== undefined) {
    return blockedBy({
      object: objectOf(tablet),
      reason: `the data is gone: run ${purge.run} purged it at ${purge.at}`,
      instead: COPY_AGAIN,
    });
  }
  const lost = tables.filter((table) => !there.includes(table));
  return dropped(tablet, fromSchema, lost);
};

/** The undo of the run that moved these tables back. */
const undoneBy = (past: PastRun, inverse: Back) => laterRunBy(past, inverse, "table.return");

const laterRunBy = (past: PastRun, { tablet, fromSchema }: Back, kind: "table.return" | "hold.drop") =>
  past.laterRuns.find(({ begun }) =>
    begun.some(
      (step) =>
        step.kind === kind &&
        step.holdSchema === fromSchema &&
        step.tablet.keyspace === tablet.keyspace &&
        step.tablet.shard === tablet.shard,
    ),
  );

const COPY_AGAIN = "create the workflow again, which copies from the source";

const dropped = (tablet: TabletRef, holdSchema: string, lost: readonly string[]): InverseSteps =>
  blockedBy({
    object: objectOf(tablet),
    reason: `the data is gone: ${lost.join(", ")} of ${shardName(tablet)} is no longer in ${holdSchema}, and no purge of vtdoctor dropped it`,
    instead: COPY_AGAIN,
  });
