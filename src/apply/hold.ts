import type { TabletRef } from "../plan/refs.js";
import { runDdl } from "./ddl.js";
import { nameOf } from "./identity.js";
import type { Site } from "./site.js";
import { sqlName } from "./sql.js";
import { type Known, known, type Refused, refused, type Silent, silent } from "./verdict.js";

interface At {
  readonly tablet: TabletRef;
  readonly holdSchema: string;
}

/** The tables in a hold schema; `empty`: it exists without any; `absent`: it does not exist. */
export type Hold = "absent" | "empty" | readonly string[];

export async function seeHold({ tablet, holdSchema }: At, site: Site): Promise<Known<Hold>> {
  const holds = await site.world.reader.rows(tablet.address, "holds");
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
export async function dropHoldSchema(hold: At, site: Site): Promise<Refused | Silent | null> {
  const seen = await seeHold(hold, site);
  if (seen.kind !== "known") return seen;
  if (seen.value !== "empty") return null;
  if (!hold.holdSchema.startsWith("vtdoctor_hold_"))
    return refused(`${hold.holdSchema} is no schema of ours`);
  const { tablet, holdSchema } = hold;
  const statement = `drop database if exists ${sqlName(holdSchema)}`;
  const options = { reloadSchema: false, disableForeignKeyChecks: false };
  return runDdl({ tablet, statement, tables: [], ...options }, site);
}
