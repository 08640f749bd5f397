import { matchesTable, parseStreamSource, type StreamSource } from "../cluster/stream-source.js";
import type { TabletRef } from "../plan/refs.js";
import type { TableDefinition, TabletReader } from "../tablets/access.js";
import { nameOf } from "./identity.js";
import { STOPPED } from "./sight.js";
import type { Site } from "./site.js";
import { type Known, known, type Refused, refused, type Silent, silent } from "./verdict.js";

/** Where the tables of a step lie now. */
export interface TableSight {
  readonly inDatabase: readonly TableDefinition[];
  /** Names in the hold schema. */
  readonly held: readonly string[];
  /** Tables of the step that have triggers. */
  readonly triggered: readonly string[];
}

export async function seeTables(
  tablet: TabletRef,
  dbName: string,
  tables: readonly string[],
  holdSchema: string | null,
  reader: TabletReader,
): Promise<Known<TableSight>> {
  const schema = await reader.schema(tablet.address);
  if (schema.kind === "unanswered") return silent(nameOf(tablet), schema);
  const holds = await reader.rows(tablet.address, "holds");
  if (holds.kind === "unanswered") return silent(nameOf(tablet), holds);
  const triggers = await reader.rows(tablet.address, "triggers");
  if (triggers.kind === "unanswered") return silent(nameOf(tablet), triggers);
  return known({
    inDatabase: schema.value.filter((one) => one.database === dbName && tables.includes(one.name)),
    held: holds.value
      .filter((row) => row.table_schema === holdSchema)
      .map((row) => row.table_name ?? "")
      .filter((name) => tables.includes(name)),
    triggered: triggers.value
      .filter((row) => row.trigger_schema === dbName)
      .map((row) => row.event_object_table ?? "")
      .filter((name) => tables.includes(name)),
  });
}

/** What the tables look like, for `before/`. */
export async function definitionsOf(
  step: { readonly tablet: TabletRef; readonly dbName: string; readonly tables: readonly string[] },
  site: Site,
): Promise<Known<unknown>> {
  const seen = await seeTables(step.tablet, step.dbName, step.tables, null, site.world.reader);
  return seen.kind === "known" ? known(seen.value.inDatabase) : seen;
}

export const list = (names: readonly string[]): string => names.join(", ");

/**
 * Null: no stream of the database that writes into one of the tables runs. A stream whose source or pattern can not be read may write
 * into any. A FROZEN or Stopped one does not, and one in Error waits for a person (vreplication/controller.go, v24).
 */
export async function writtenInto(
  {
    tablet,
    dbName,
    tables,
  }: { readonly tablet: TabletRef; readonly dbName: string; readonly tables: readonly string[] },
  site: Site,
): Promise<Refused | Silent | null> {
  const rows = await site.world.reader.rows(tablet.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(tablet), rows);
  for (const row of rows.value) {
    if (row.db_name !== dbName || STOPPED.has(row.state ?? "")) continue;
    const source = parseStreamSource(row.source ?? "");
    const into = source.kind === "unanswered" ? null : tables.filter((table) => writes(source.value, table));
    if (into?.length === 0) continue;
    return refused(
      `stream ${row.id} of ${row.workflow} on ${nameOf(tablet)} is ${row.state} and writes into ${into === null ? "tables that can not be told from its source" : list(into)}; scan again and plan anew`,
    );
  }
  return null;
}

/** The first rule that matches decides. */
const writes = ({ rules }: StreamSource, table: string): boolean => {
  const rule = rules.find((each) => matchesTable(each, table) !== false);
  return rule !== undefined && rule.filter !== "exclude";
};
