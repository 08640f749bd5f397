import type { TableDefinition as TableMessage } from "../proto/gen/tabletmanagerdata_pb.js";
import type { TableDefinition } from "./access.js";
import { quoteName } from "./queries.js";

/** GetSchema writes this for the quoted name of the database, which views carry (Vitess go/vt/mysqlctl/schema.go). */
const DATABASE_PLACEHOLDER = "{{.DatabaseName}}";

/** One table or view that GetSchema gave, as it is in `database`. */
export const tableOf = (table: TableMessage, database: string): TableDefinition => ({
  database,
  name: table.name,
  type: table.type,
  definition: table.schema.replaceAll(DATABASE_PLACEHOLDER, () => quoteName(database)),
  dataLength: Number(table.dataLength),
  rowCount: Number(table.rowCount),
});
