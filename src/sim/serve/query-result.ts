import type { MessageInitShape } from "@bufbuild/protobuf";
import { type QueryResultSchema, Type } from "../../proto/gen/query_pb.js";
import type { SidecarRow } from "../../tablets/access.js";

/** Rows as vttablet sends them: the cells of a row one after another, with -1 for the length of NULL (query.proto Row). */
export function queryResult(rows: readonly SidecarRow[]): MessageInitShape<typeof QueryResultSchema> {
  const columns = Object.keys(rows[0] ?? {});
  return {
    fields: columns.map((name) => ({ name, type: Type.VARCHAR })),
    rows: rows.map((row) => {
      const cells = columns.map((column) => cellOf(row[column]));
      return {
        lengths: cells.map((cell) => BigInt(cell?.length ?? -1)),
        values: Buffer.concat(cells.filter((cell) => cell !== null)),
      };
    }),
  };
}

const cellOf = (text: string | null | undefined): Buffer | null => (text == null ? null : Buffer.from(text));
