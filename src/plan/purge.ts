import { RefusedError } from "../cluster/errors.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { assemble } from "./assemble.js";
import { type DraftStage, type PlanContext, type PlanRequest, worthRunning } from "./draft.js";
import { probed, tabletRef } from "./facts/processes.js";
import type { PastRun } from "./past-run.js";
import type { Plan } from "./plan.js";
import type { StepOf } from "./steps/index.js";
import { heldTables, noPrimary, objectOf, primaryOf, silentTables } from "./undo/held-tables.js";
import { blockedBy, by, type InverseSteps, NOTHING } from "./undo/inverse-steps.js";
import { refuseOlderSnapshot } from "./unfit-snapshot.js";

type Hold = StepOf<"table.hold">;

/**
 * Drops for good what a run holds (docs/decisions.md#d18), on whoever is each shard's primary now. Only tables that the run itself moved
 * there: a schema with others in it is refused. Throws `RefusedError` for a run that has not come to its end.
 */
export const planPurge = (
  snapshot: Snapshot,
  past: PastRun,
  request: PlanRequest,
  context: PlanContext,
): Plan => {
  const { id } = past.plan;
  const holds = past.begun.flatMap(({ step }) => (step.kind === "table.hold" ? [step] : []));
  if (holds.length > 0 && !past.finished && !past.laterRuns.some(({ finished }) => finished)) {
    throw new RefusedError(
      `run ${id} has not come to its end, so what it holds may still be needed: go on with \`vtdoctor resume ${id}\`, or take it back with \`vtdoctor undo ${id}\`, first`,
    );
  }
  const ways = holds.map((hold) => ({ hold, ...purgeOf(snapshot, past, hold) }));
  const draft = {
    repairs: [],
    stages: worthRunning(
      ways.map(
        ({ hold, steps }): DraftStage => ({
          title: `Drop what run ${id} holds of ${hold.tablet.keyspace}/${hold.tablet.shard}`,
          locks: [{ kind: "keyspace", keyspace: hold.tablet.keyspace }],
          steps,
        }),
      ),
    ),
    premises: [],
    blocked: ways.flatMap(({ blocked }) => blocked),
    notes: ways.every(({ steps, blocked }) => steps.length === 0 && blocked.length === 0)
      ? [`run ${id} holds nothing${holds.length === 0 ? "" : " any more"}`]
      : [],
  };
  if (draft.stages.length > 0) refuseOlderSnapshot(snapshot);
  const heading = { operation: "purge", run: id, command: request.command } as const;
  return assemble(snapshot, { id: context.ids(), ...heading }, draft, context);
};

const purgeOf = (snapshot: Snapshot, past: PastRun, { tablet, holdSchema, tables }: Hold): InverseSteps => {
  const primary = primaryOf(snapshot, tablet);
  if (primary === null) return blockedBy(noPrimary(tablet));
  if (!probed(snapshot, primary.address, "holds")) return blockedBy(silentTables(tablet, primary.alias));
  const held = heldTables(snapshot, primary.address, holdSchema);
  if (held.length === 0) return NOTHING;
  const strangers = held.filter((table) => !tables.includes(table));
  if (strangers.length > 0) {
    return blockedBy({
      object: objectOf(tablet),
      reason: `${holdSchema} on ${primary.alias} also has ${strangers.join(", ")}, which run ${past.plan.id} did not put there`,
      instead: `move ${strangers.length === 1 ? "it" : "them"} out of ${holdSchema}, then purge again`,
    });
  }
  return by({ kind: "hold.drop", tablet: tabletRef(snapshot, primary), holdSchema, tables: held });
};
