import type { VreplicationRow } from "../../snapshot/gen/tables.js";
import type { TabletVars } from "../../tablets/access.js";
import type { Target } from "../../witnesses/targets.js";
import type { CollectSources } from "../settings.js";

/** Milliseconds between the two looks: longer than any statement that creates or deletes a stream takes between engine and table. */
const PAUSE_MS = 2_000;

/**
 * Streams of an engine that `_vt.vreplication` has no row for, by id, with the milliseconds from the first look to the last. The engine is
 * asked before the table each time: a stream that is created has its row first, and one that is deleted leaves the engine before its row
 * goes (docs/vitess.md#vreplicationexec), so only a deletion between two questions looks like this once, and nothing but a ghost twice.
 */
export async function ghostsOf(
  { at }: Target,
  vars: TabletVars | null,
  rows: readonly VreplicationRow[],
  { tablets, clock }: CollectSources,
): Promise<ReadonlyMap<number, number>> {
  const suspects = withoutRow(
    vars,
    rows.map((row) => row.id),
  );
  if (suspects.length === 0) return NONE;
  const since = clock.now();
  await clock.sleep(PAUSE_MS);
  const varsAgain = await tablets.vars(at);
  const rowsAgain = await tablets.rows(at, "streams");
  if (varsAgain.kind === "unanswered" || rowsAgain.kind === "unanswered") return NONE;
  if (varsAgain.value.alias !== vars?.alias) return NONE;
  const still = withoutRow(
    varsAgain.value,
    rowsAgain.value.map((row) => Number(row.id)),
  );
  return new Map(
    suspects.filter((id) => still.includes(id)).map((id) => [id, Math.round(clock.now() - since)]),
  );
}

export const NONE: ReadonlyMap<number, number> = new Map();

const withoutRow = (vars: TabletVars | null, ids: readonly number[]): readonly number[] =>
  vars === null || vars.type !== "PRIMARY"
    ? []
    : vars.streams.map(({ id }) => id).filter((id) => !ids.includes(id));
