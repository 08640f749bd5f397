import type { TabletRef } from "../../plan/fields.js";
import { type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { nameOf } from "../tablet/identity.js";

/** Null: no workflow has a stream there. */
export async function streamsThere(
  { idle }: { readonly idle?: TabletRef },
  { ports }: RunContext,
): Promise<Refused | Silent | null> {
  if (idle === undefined) return null;
  const rows = await ports.reader.rows(idle.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(idle), rows);
  const workflows = [...new Set(rows.value.map(({ workflow }) => workflow ?? ""))].sort();
  return workflows.length === 0
    ? null
    : refused(
        `${nameOf(idle)} has streams of ${workflows.join(", ")}, which somebody created since the plan was made: the shard is wanted again, and stays`,
      );
}
