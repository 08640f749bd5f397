import type { TabletRef } from "../plan/refs.js";
import type { EngineStream, SidecarRow, TabletReader } from "../tablets/access.js";
import { nameOf } from "./identity.js";
import { type Known, known, silent } from "./verdict.js";

/** One workflow on one tablet as `_vt` and the engine show it now. */
export interface StreamSight {
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

export async function seeStreams(
  tablet: TabletRef,
  workflow: string,
  dbName: string,
  ids: readonly number[],
  reader: TabletReader,
): Promise<Known<StreamSight>> {
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
export const unplanned = (sight: StreamSight, ids: readonly number[]): readonly number[] =>
  sight.rows.map((row) => row.id).filter((id) => !ids.includes(id));

export const inIds = (ids: readonly number[]): string =>
  ids.length === 1 ? `stream ${ids[0]}` : `streams ${ids.join(", ")}`;
