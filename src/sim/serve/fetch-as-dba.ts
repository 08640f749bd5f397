import type { MessageInitShape } from "@bufbuild/protobuf";
import { answered, mapOutcome, type Outcome } from "../../cluster/outcome.js";
import { type QueryResultSchema, Type } from "../../proto/gen/query_pb.js";
import type { ExecuteFetchAsDbaRequest } from "../../proto/gen/tabletmanagerdata_pb.js";
import type { SidecarRow, TabletAddress, TabletReader } from "../../tablets/access.js";
import { ALL_TABLES, SIDECAR_READS, type SidecarRead, STREAM_IDS } from "../../tablets/queries.js";
import type { TabletAnswers } from "./answers.js";

type Result = MessageInitShape<typeof QueryResultSchema>;
type Rows = Outcome<readonly SidecarRow[]>;

/** TabletManager.ExecuteFetchAsDba: a constant query is a read, every other statement a write. */
export async function fetchAsDba(
  { reader, writer }: TabletAnswers,
  at: TabletAddress,
  { query, reloadSchema, disableForeignKeyChecks }: ExecuteFetchAsDbaRequest,
): Promise<Outcome<Result>> {
  const sql = new TextDecoder().decode(query);
  const read = readOf(reader, at, sql);
  if (read !== null) return mapOutcome(await read, queryResult);
  const done = await writer.executeAsDba(at, sql, { reloadSchema, disableForeignKeyChecks });
  return mapOutcome(done, ({ rowsAffected }) => ({ rowsAffected: BigInt(rowsAffected) }));
}

function readOf(reader: TabletReader, at: TabletAddress, sql: string): Promise<Rows> | null {
  const constant = READS.get(sql);
  if (constant !== undefined) return reader.rows(at, constant);
  if (sql === STREAM_IDS) return streamIds(reader, at);
  if (sql === ALL_TABLES) return allTables(reader, at);
  if (SEQUENCE.test(sql)) return sequenceRows(reader, at, sql);
  const [, first, last] = BETWEEN.exec(sql.startsWith(SIDECAR_READS.streams) ? sql : "") ?? [];
  if (first === undefined || last === undefined) return null;
  return streamsWhere(reader, at, (id) => id >= BigInt(first) && id <= BigInt(last));
}

const READS = new Map(
  Object.entries(SIDECAR_READS).map(([read, sql]): [string, SidecarRead] => [sql, read as SidecarRead]),
);

/** As `streamsBetween` writes it. */
const BETWEEN = / where v\.id between (\d+) and (\d+)$/;

/** As `sequenceQueries` writes it. */
const SEQUENCE = /select (\d+) as ordinal, next_id, cache from `([^`]+)`\.`([^`]+)` where id = 0/;

async function sequenceRows(reader: TabletReader, at: TabletAddress, sql: string): Promise<Rows> {
  const asked = [...sql.matchAll(new RegExp(SEQUENCE, "g"))].map(
    ([, ordinal = "", database = "", name = ""]) => ({ ordinal, database, name }),
  );
  return mapOutcome(await reader.sequences(at, asked), (rows) =>
    rows.map(({ database, name, nextId, cache }) => ({
      ordinal: asked.find((one) => one.database === database && one.name === name)?.ordinal ?? null,
      next_id: nextId,
      cache,
    })),
  );
}

const streamIds = async (reader: TabletReader, at: TabletAddress): Promise<Rows> =>
  mapOutcome(await reader.rows(at, "streams"), (rows) => rows.map(({ id = null }) => ({ id })));

const streamsWhere = async (
  reader: TabletReader,
  at: TabletAddress,
  wanted: (id: bigint) => boolean,
): Promise<Rows> =>
  mapOutcome(await reader.rows(at, "streams"), (rows) => rows.filter(({ id }) => wanted(BigInt(id ?? 0))));

async function allTables(reader: TabletReader, at: TabletAddress): Promise<Rows> {
  const own = await reader.schema(at);
  if (own.kind === "unanswered") return own;
  const held = await reader.rows(at, "holds");
  if (held.kind === "unanswered") return held;
  return answered([
    ...own.value.map(({ database, name }) => ({ table_schema: database, table_name: name })),
    ...held.value.flatMap(({ table_schema, table_name }) =>
      table_schema == null || table_name == null ? [] : [{ table_schema, table_name }],
    ),
  ]);
}

/** Rows as vttablet sends them: the cells of a row one after another, with -1 for the length of NULL (query.proto Row). */
function queryResult(rows: readonly SidecarRow[]): MessageInitShape<typeof QueryResultSchema> {
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
