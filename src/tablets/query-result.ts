import type { QueryResult, Row } from "../proto/gen/query_pb.js";
import type { SidecarRow } from "./access.js";
import { textOfCell } from "./cell-text.js";

/** The rows of a `query.QueryResult`: cells lie one after another in `values`, with -1 for the length of NULL (query.proto Row). */
export function rowsOfResult(result: QueryResult | undefined): readonly SidecarRow[] {
  const columns = result?.fields.map((field) => field.name) ?? [];
  return (result?.rows ?? []).map((row) => rowOf(columns, row));
}

function rowOf(columns: readonly string[], row: Row): SidecarRow {
  const cells: Record<string, string | null> = {};
  let start = 0;
  for (const [index, column] of columns.entries()) {
    const length = Number(row.lengths[index] ?? -1n);
    cells[column] = length < 0 ? null : textOfCell(column, row.values.subarray(start, start + length));
    start += Math.max(length, 0);
  }
  return cells;
}
