import type { TabletRef } from "../plan/refs.js";
import type { SidecarRow, TabletReader } from "../tablets/access.js";
import { nameOf } from "./identity.js";
import { type Known, known, silent } from "./verdict.js";

/** Rows that belong to streams besides `_vt.vreplication`. */
export interface Leftovers {
  readonly copyState: readonly SidecarRow[];
  readonly postCopyActions: readonly SidecarRow[];
}

export async function seeLeftovers(
  tablet: TabletRef,
  ids: readonly number[],
  reader: TabletReader,
): Promise<Known<Leftovers>> {
  const copyState = await reader.rows(tablet.address, "copyState");
  if (copyState.kind === "unanswered") return silent(nameOf(tablet), copyState);
  const postCopyActions = await reader.rows(tablet.address, "postCopyActions");
  // `unsupported`: the table came with v16; a tablet without it has no such rows.
  if (postCopyActions.kind === "unanswered" && postCopyActions.reason !== "unsupported") {
    return silent(nameOf(tablet), postCopyActions);
  }
  const isOurs = (row: SidecarRow): boolean => ids.includes(Number(row.vrepl_id));
  return known({
    copyState: copyState.value.filter(isOurs),
    postCopyActions: postCopyActions.kind === "answered" ? postCopyActions.value.filter(isOurs) : [],
  });
}
