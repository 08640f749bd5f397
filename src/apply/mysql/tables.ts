import { matchesTable, parseStreamSource, type StreamSource } from "../../cluster/stream-source.js";
import type { TabletRef } from "../../plan/fields.js";
import type { TableDefinition, TabletReader } from "../../tablets/access.js";
import { type Known, known, type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { STOPPED } from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { runDdl } from "./ddl.js";
import { sqlName } from "./sql.js";

/** Where the tables of a step lie now. */
export interface TableState {
  readonly inDatabase: readonly TableDefinition[];
  /** Names in the hold schema. */
  readonly held: readonly string[];
  /** Tables of the step that have triggers. */
  readonly triggered: readonly string[];
}

export async function readTables(
  tablet: TabletRef,
  dbName: string,
  tables: readonly string[],
  holdSchema: string | null,
  reader: TabletReader,
): Promise<Known<TableState>> {
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
  context: RunContext,
): Promise<Known<unknown>> {
  const seen = await readTables(step.tablet, step.dbName, step.tables, null, context.ports.reader);
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
  context: RunContext,
): Promise<Refused | Silent | null> {
  const rows = await context.ports.reader.rows(tablet.address, "streams");
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

interface At {
  readonly tablet: TabletRef;
  readonly holdSchema: string;
}

/** The tables in a hold schema; `empty`: it exists without any; `absent`: it does not exist. */
export type HoldState = "absent" | "empty" | readonly string[];

export async function readHold({ tablet, holdSchema }: At, context: RunContext): Promise<Known<HoldState>> {
  const holds = await context.ports.reader.rows(tablet.address, "holds");
  if (holds.kind === "unanswered") return silent(nameOf(tablet), holds);
  const rows = holds.value.filter((row) => row.table_schema === holdSchema);
  const tables = rows.flatMap((row) => (row.table_name == null ? [] : [row.table_name]));
  if (rows.length === 0) return known("absent");
  return known(tables.length === 0 ? "empty" : tables);
}

/**
 * Drops the schema where it is empty. MySQL has no "drop if empty"; the name is one run's, and whoever moves tables into it holds the
 * keyspace's lock, as this step does. Null: nothing of ours is left there.
 */
export async function dropHoldSchema(hold: At, context: RunContext): Promise<Refused | Silent | null> {
  const seen = await readHold(hold, context);
  if (seen.kind !== "known") return seen;
  if (seen.value !== "empty") return null;
  if (!hold.holdSchema.startsWith("vtdoctor_hold_"))
    return refused(`${hold.holdSchema} is no schema of ours`);
  const { tablet, holdSchema } = hold;
  const statement = `drop database if exists ${sqlName(holdSchema)}`;
  const options = { reloadSchema: false, disableForeignKeyChecks: false };
  return runDdl({ tablet, statement, tables: [], ...options }, context);
}
