import type { TabletRef } from "../../plan/fields.js";
import type { EngineStream, SidecarRow, TabletReader } from "../../tablets/access.js";
import { type Known, known, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { nameOf } from "../tablet/identity.js";

/** One workflow on one tablet as `_vt` and the engine show it now. */
export interface StreamState {
  readonly rows: readonly LiveRow[];
  /** Streams of the workflow, or with one of the expected ids, that the engine has in memory. */
  readonly engine: readonly EngineStream[];
  /** Streams of any workflow in the engine that are neither Stopped nor in Error. */
  readonly othersRunning: number;
}

interface LiveRow {
  readonly id: number;
  readonly state: string;
  readonly message: string;
  /** Everything that moves while a stream runs. */
  readonly progress: string;
  readonly image: SidecarRow;
}

/** Columns that a running stream rewrites; versions have more or fewer of them. */
const PROGRESS = [
  "pos",
  "time_updated",
  "transaction_timestamp",
  "time_heartbeat",
  "rows_copied",
  "time_throttled",
] as const;

export const STOPPED: ReadonlySet<string> = new Set(["Stopped", "Error"]);

export async function readStreams(
  tablet: TabletRef,
  workflow: string,
  dbName: string,
  ids: readonly number[],
  reader: TabletReader,
): Promise<Known<StreamState>> {
  const [rows, vars] = await Promise.all([
    reader.rows(tablet.address, "streams"),
    reader.vars(tablet.address),
  ]);
  if (rows.kind === "unanswered") return silent(nameOf(tablet), rows);
  if (vars.kind === "unanswered") return silent(`${nameOf(tablet)}'s /debug/vars`, vars);
  const isOurs = (stream: EngineStream): boolean => ids.includes(stream.id) || stream.workflow === workflow;
  return known({
    rows: rows.value.filter((row) => row.workflow === workflow && row.db_name === dbName).map(liveRow),
    engine: vars.value.streams.filter(isOurs),
    othersRunning: vars.value.streams.filter((stream) => !isOurs(stream) && !STOPPED.has(stream.state))
      .length,
  });
}

const liveRow = (row: SidecarRow): LiveRow => ({
  id: Number(row.id),
  state: row.state ?? "",
  message: row.message ?? "",
  progress: JSON.stringify(PROGRESS.map((column) => row[column] ?? null)),
  image: row,
});

/** Streams that the plan did not know: a statement by workflow name would change them too. */
export const unplanned = (state: StreamState, ids: readonly number[]): readonly number[] =>
  state.rows.map((row) => row.id).filter((id) => !ids.includes(id));

export const inIds = (ids: readonly number[]): string =>
  ids.length === 1 ? `stream ${ids[0]}` : `streams ${ids.join(", ")}`;

/** Rows that belong to streams besides `_vt.vreplication`. */
export interface CopyRows {
  readonly copyState: readonly SidecarRow[];
  readonly postCopyActions: readonly SidecarRow[];
}

export async function readCopyRows(
  tablet: TabletRef,
  ids: readonly number[],
  reader: TabletReader,
): Promise<Known<CopyRows>> {
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

/** The streams of one workflow on one tablet with all rows that belong to them. */
export type FullStreamState = StreamState & { readonly copyRows: CopyRows };

interface OnTablet {
  readonly tablet: TabletRef;
  readonly workflow: string;
  readonly dbName: string;
}

export const isNothingLeft = ({ rows, engine, copyRows }: FullStreamState): boolean =>
  rows.length + engine.length + countOf(copyRows) === 0;

export async function readFullState(
  { tablet, workflow, dbName }: OnTablet,
  ids: readonly number[],
  { ports }: RunContext,
): Promise<Known<FullStreamState>> {
  const seen = await readStreams(tablet, workflow, dbName, ids, ports.reader);
  if (seen.kind !== "known") return seen;
  const copyRows = await readCopyRows(tablet, ids, ports.reader);
  return copyRows.kind === "known" ? known({ ...seen.value, copyRows: copyRows.value }) : copyRows;
}

/** For `before/`. */
export async function imageOfStreams(
  at: OnTablet,
  ids: readonly number[],
  context: RunContext,
): Promise<Known<unknown>> {
  const seen = await readFullState(at, ids, context);
  if (seen.kind !== "known") return seen;
  const { rows, copyRows } = seen.value;
  return known({ streams: rows.map((row) => row.image), ...copyRows });
}

export const countOf = ({ copyState, postCopyActions }: CopyRows): number =>
  copyState.length + postCopyActions.length;
