import type { SidecarRow } from "../tablets/access.js";

/** What one MySQL holds; a replica holds a copy. Everything in it can be cloned. */
export interface MysqlData {
  /** Database to table to content, the sidecar database not among them. */
  readonly databases: Map<string, Map<string, SimTable>>;
  readonly triggers: SimTrigger[];
  readonly sidecar: Sidecar;
}

export interface SimTable {
  readonly name: string;
  readonly type: "BASE TABLE" | "VIEW";
  definition: string;
  /** Primary key to content. */
  readonly rows: Map<string, string>;
  /** Rows of which only the number is known (a recorded state). */
  uncounted: number;
  /** Of a sequence table: its row of id 0; null: it has none. Absent: it is no sequence. */
  sequence?: { readonly nextId: string; readonly cache: string } | null;
}

interface SimTrigger {
  readonly database: string;
  readonly name: string;
  readonly table: string;
}

/** `_vt`, column to text, as a client reads it. */
interface Sidecar {
  vreplication: SidecarRow[];
  copyState: CopyStateRow[];
  postCopyActions: PostCopyActionRow[];
  journals: JournalRow[];
  vdiffs: VdiffRow[];
  /** Rows of `schema_migrations`, `dt_state` and `redo_state` as their queries answer them, without the server's time. */
  migrations: SidecarRow[];
  transactions: SidecarRow[];
  redos: SidecarRow[];
  /** `vreplication_log`, the oldest first; an id that came again was created more than once. */
  log: readonly LogRow[];
  /** Next values of the auto-increment columns. */
  readonly next: { vreplication: number; copyState: number; postCopyAction: number };
}

export interface LogRow {
  readonly vreplId: string;
  readonly type: string;
  readonly state: string;
  readonly message: string;
  readonly count: number;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const STREAM_CREATED = "Stream Created";

export interface CopyStateRow {
  readonly id: number;
  readonly vreplId: number;
  readonly tableName: string;
}

interface PostCopyActionRow {
  readonly id: number;
  readonly vreplId: number;
  readonly tableName: string;
  /** JSON of `{task, type}` as MySQL prints it. */
  readonly action: string;
}

interface JournalRow {
  readonly id: string;
  readonly dbName: string;
  readonly val: string;
}

interface VdiffRow {
  readonly id: number;
  readonly uuid: string;
  readonly workflow: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly dbName: string;
  readonly state: string;
}

export const emptyData = (): MysqlData => ({
  databases: new Map(),
  triggers: [],
  sidecar: {
    vreplication: [],
    copyState: [],
    postCopyActions: [],
    journals: [],
    vdiffs: [],
    migrations: [],
    transactions: [],
    redos: [],
    log: [],
    next: { vreplication: 1, copyState: 1, postCopyAction: 1 },
  },
});

export const rowCount = (table: SimTable): number => table.rows.size + table.uncounted;

export const newTable = (
  name: string,
  definition: string,
  type: SimTable["type"] = "BASE TABLE",
): SimTable => ({
  name,
  type,
  definition,
  rows: new Map(),
  uncounted: 0,
});

/** JSON as MySQL's json type prints it. */
export const mysqlJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(mysqlJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${mysqlJson(field)}`);
  return `{${fields.join(", ")}}`;
};
