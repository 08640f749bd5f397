import Table from "cli-table3";
import { EXIT } from "../../cluster/errors.js";
import { type SelectResult, select } from "../../snapshot/select.js";
import type { Run } from "../command.js";
import { keep, observe } from "../observe.js";
import { asJson, emit, emitJson } from "../output.js";

const LIMIT_MS = 30_000;

/** One SELECT over the snapshot, as a table or as JSON. */
export const run: Run = async (request) => {
  const sql = request.given.text("sql") ?? "";
  const observation = await observe(request);
  keep(observation, request);
  const { snapshot } = observation;
  const result = await select(snapshot, sql, { timeMs: LIMIT_MS });
  if (asJson(request)) emitJson(request, { columns: result.columns, rows: result.rows.map(printable) });
  else emit(request, table(result));
  return EXIT.ok;
};

function table({ columns, rows }: SelectResult): string {
  const drawn = new Table({ head: [...columns], style: { head: [], border: [] } });
  for (const row of rows) drawn.push(columns.map((column) => text(row[column])));
  return `${drawn.toString()}\n${rows.length} row${rows.length === 1 ? "" : "s"}`;
}

const printable = (row: SelectResult["rows"][number]) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? text(value) : typeof value === "bigint" ? String(value) : value,
    ]),
  );

const text = (value: unknown): string =>
  value === null || value === undefined
    ? "NULL"
    : value instanceof Uint8Array
      ? `0x${Buffer.from(value).toString("hex")}`
      : String(value);
