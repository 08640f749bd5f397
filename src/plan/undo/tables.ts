import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Inverse } from "../inverse.js";
import type { PastRun } from "../past-run.js";
import type { TabletRef } from "../refs.js";
import { isPrimary, type Process, probed, processesOfShard, tabletRef } from "../view/processes.js";
import { shardName } from "../view/shards.js";
import { blockedBy, by, NOTHING, type WayBack } from "./way-back.js";

type Back = Extract<Inverse, { kind: "move-tables-back" }>;

/** Moves tables that a run holds back to where they were, on whoever is the shard's primary now. */
export const tablesBack = (
  snapshot: Snapshot,
  past: PastRun,
  inverse: Back,
  views: readonly string[],
): WayBack => {
  const { tablet, fromSchema: holdSchema, toSchema: dbName, tables } = inverse;
  const primary = primaryOf(snapshot, tablet);
  if (primary === null) return blockedBy(noPrimary(tablet));
  const { address, alias } = primary;
  for (const channel of ["holds", "schema"]) {
    if (!probed(snapshot, address, channel)) return blockedBy(silentTables(tablet, alias));
  }
  const held = heldTables(snapshot, address, holdSchema).filter((table) => tables.includes(table));
  const there = tablesIn(snapshot, address, dbName).filter((table) => tables.includes(table));
  if (held.length === 0) return there.length === tables.length ? NOTHING : gone(past, inverse, there);
  const taken = held.filter((table) => there.includes(table));
  if (taken.length > 0) {
    return blockedBy({
      object: objectOf(tablet),
      reason: `${taken.join(", ")} exists in ${dbName} on ${alias} again: somebody made it after the run`,
      instead: `rename or drop it there and undo again, or drop what is held with vtdoctor purge ${past.plan.id}`,
    });
  }
  const lost = tables.filter((table) => !held.includes(table) && !there.includes(table));
  const back = by({
    kind: "table.return",
    tablet: tabletRef(snapshot, primary),
    dbName,
    holdSchema,
    tables: held,
    views,
  });
  return lost.length === 0 ? back : { ...back, blocked: dropped(tablet, holdSchema, lost).blocked };
};

/** The one process that takes writes for the shard; null where none answers, or more than one. */
export const primaryOf = (snapshot: Snapshot, { keyspace, shard }: TabletRef): Process | null => {
  const primaries = processesOfShard(snapshot, keyspace, shard).filter(isPrimary);
  return primaries.length === 1 ? (primaries[0] ?? null) : null;
};

export const objectOf = ({ keyspace, shard }: TabletRef) => ({ keyspace, shard });

export const noPrimary = (tablet: TabletRef) => ({
  object: objectOf(tablet),
  reason: `${shardName(tablet)} has no primary that answers, or more than one`,
  instead: "make one primary answer (vtctldclient PlannedReparentShard), then run the command again",
});

export const silentTables = (tablet: TabletRef, alias: string) => ({
  object: objectOf(tablet),
  reason: `${alias} did not say which tables it has`,
  instead:
    "make it answer (a view that can not be read makes it fail: vtdoctor scan --verbose), then run the command again",
});

export const heldTables = (snapshot: Snapshot, address: string, holdSchema: string): readonly string[] =>
  snapshot.rows("held_table", { address, hold_schema: holdSchema }).map(({ table_name }) => table_name);

const tablesIn = (snapshot: Snapshot, address: string, dbName: string): readonly string[] =>
  snapshot.rows("live_table", { address, db_name: dbName }).map(({ table_name }) => table_name);

/** Neither held nor all in their place. */
const gone = (past: PastRun, inverse: Back, there: readonly string[]): WayBack => {
  const { tablet, fromSchema, tables } = inverse;
  const isOurs = (alias: string) => alias === tablet.alias;
  const of = (kind: string) =>
    past.followers.find(({ done }) =>
      done.some(
        (step) =>
          step.kind === kind &&
          "holdSchema" in step &&
          step.holdSchema === fromSchema &&
          isOurs(step.tablet.alias),
      ),
    );
  if (of("table.return") !== undefined) return NOTHING;
  const purge = of("hold.drop");
  if (purge !== undefined) {
    return blockedBy({
      object: objectOf(tablet),
      reason: `the data is gone: run ${purge.run} purged it at ${purge.at}`,
      instead: "create the workflow again, which copies from the source",
    });
  }
  const lost = tables.filter((table) => !there.includes(table));
  return { ...NOTHING, blocked: dropped(tablet, fromSchema, lost).blocked };
};

const dropped = (tablet: TabletRef, holdSchema: string, lost: readonly string[]): WayBack =>
  blockedBy({
    object: objectOf(tablet),
    reason: `the data is gone: ${lost.join(", ")} of ${shardName(tablet)} is no longer in ${holdSchema}, and no purge of vtdoctor dropped it`,
    instead: "create the workflow again, which copies from the source",
  });
