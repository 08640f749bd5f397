import type { TabletRef } from "../plan/refs.js";
import type { TableDefinition, TabletReader } from "../tablets/access.js";
import { nameOf } from "./identity.js";
import type { Site } from "./site.js";
import { type Known, known, silent } from "./verdict.js";

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
