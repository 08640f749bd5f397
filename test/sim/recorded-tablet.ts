import type { SimMysql } from "../../src/sim/mysql.js";
import { mysqlJson, newTable } from "../../src/sim/mysql-data.js";
import type { SidecarRow } from "../../src/tablets/access.js";
import type { RecordedTablet } from "./recorded-files.js";

/** Fills an empty MySQL with what was recorded of one; of user rows only the number is known. */
export const restoreMysql = (mysql: SimMysql, recorded: RecordedTablet): void => {
  mysql.running = recorded.mysqld_running;
  mysql.readOnly = recorded.mysql.read_only === "1";
  mysql.serverId = Number(recorded.full_status?.status.serverId ?? recorded.uid);
  mysql.superReadOnly = recorded.mysql.super_read_only === "1";
  for (const [, uuid, last] of recorded.mysql.gtid_executed.matchAll(/([0-9a-f-]{36}):(?:\d+-)?(\d+)/g))
    if (uuid !== undefined) mysql.executed.set(uuid, Number(last));
  for (const [name, tables] of Object.entries(recorded.databases))
    mysql.data.databases.set(
      name,
      new Map(
        Object.entries(tables).map(([table, { create, rows }]) => [
          table,
          {
            ...newTable(table, create, /^CREATE TABLE/i.test(create) ? "BASE TABLE" : "VIEW"),
            uncounted: rows,
          },
        ]),
      ),
    );
  restoreSidecar(mysql, recorded);
};

const restoreSidecar = ({ data }: SimMysql, { _vt }: RecordedTablet): void => {
  const { sidecar } = data;
  sidecar.vreplication = _vt.vreplication.map(rowOf);
  sidecar.log = (_vt.vreplication_log ?? []).map((row) => ({
    vreplId: String(row.vrepl_id),
    type: String(row.type),
    state: String(row.state),
    message: String(row.message),
    count: Number(row.count),
    createdAt: secondsOf(row.created_at),
    updatedAt: secondsOf(row.updated_at),
  }));
  sidecar.copyState = _vt.copy_state.map((row) => ({
    id: Number(row.id),
    vreplId: Number(row.vrepl_id),
    tableName: String(row.table_name),
  }));
  sidecar.postCopyActions = _vt.post_copy_action.map((row) => ({
    id: Number(row.id),
    vreplId: Number(row.vrepl_id),
    tableName: String(row.table_name),
    action: mysqlJson(row.action),
  }));
  sidecar.journals = _vt.resharding_journal.map((row) => ({
    id: String(row.id),
    dbName: String(row.db_name),
    val: String(row.val),
  }));
  sidecar.vdiffs = _vt.vdiff.map((row) => ({
    id: Number(row.id),
    uuid: String(row.vdiff_uuid),
    workflow: String(row.workflow),
    keyspace: String(row.keyspace),
    shard: String(row.shard),
    dbName: String(row.db_name),
    state: String(row.state),
  }));
  sidecar.next.vreplication = 1 + highest(sidecar.vreplication.map((row) => Number(row.id)));
  sidecar.next.copyState = 1 + highest(sidecar.copyState.map(({ id }) => id));
  sidecar.next.postCopyAction = 1 + highest(sidecar.postCopyActions.map(({ id }) => id));
};

/** `2026-11-24 23:04:19.000000`; the recorded servers ran in UTC. */
const secondsOf = (timestamp: unknown): number => Math.floor(Date.parse(`${String(timestamp)}Z`) / 1000);

const highest = (ids: readonly number[]): number => Math.max(0, ...ids);

const rowOf = (row: Readonly<Record<string, unknown>>): SidecarRow =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value === null ? null : typeof value === "object" ? mysqlJson(value) : String(value),
    ]),
  );
