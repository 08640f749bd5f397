import type { SidecarRow } from "../tablets/access.js";
import type { SidecarRead } from "../tablets/queries.js";
import type { SimMysql } from "./mysql.js";
import type { CopyStateRow } from "./mysql-data.js";

/** What the constant queries of `tablets/queries.ts` answer, column to text. */
export const readSidecar = (
  mysql: SimMysql,
  read: SidecarRead,
  nowSeconds: number,
): readonly SidecarRow[] => {
  const { sidecar, databases, triggers } = mysql.data;
  switch (read) {
    case "streams":
      return sidecar.vreplication.map((row) => ({
        now_s: String(nowSeconds),
        time_updated_s: row.time_updated ?? null,
        ...row,
      }));
    case "copyState":
      return copyStates(sidecar.copyState);
    case "postCopyActions":
      return sidecar.postCopyActions.map(({ id, vreplId, tableName, action }) => ({
        id: String(id),
        vrepl_id: String(vreplId),
        table_name: tableName,
        action,
      }));
    case "journals":
      return sidecar.journals.map(({ id, dbName, val }) => ({ id, db_name: dbName, val }));
    case "vdiffs":
      return sidecar.vdiffs.map(({ id, uuid, dbName, ...vdiff }) => ({
        id: String(id),
        vdiff_uuid: uuid,
        ...vdiff,
        db_name: dbName,
      }));
    case "holds":
      return [...databases]
        .filter(([name]) => name.startsWith("vtdoctor_hold_"))
        .flatMap(([name, tables]) =>
          [...tables.keys()].map((table) => ({ table_schema: name, table_name: table })),
        );
    case "triggers":
      return triggers.map(({ database, name, table }) => ({
        trigger_schema: database,
        trigger_name: name,
        event_object_table: table,
      }));
    case "mysqlPort":
      return [{ port: String(mysql.port) }];
    case "position":
      return [{ position: mysql.gtidExecuted }];
  }
};

const copyStates = (rows: readonly CopyStateRow[]): readonly SidecarRow[] => {
  const groups = new Map<string, CopyStateRow[]>();
  for (const row of rows) {
    const group = `${row.vreplId} ${row.tableName}`;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    vrepl_id: String(group[0]?.vreplId),
    table_name: group[0]?.tableName ?? "",
    id: String(Math.max(...group.map(({ id }) => id))),
    steps: String(group.length),
  }));
};
