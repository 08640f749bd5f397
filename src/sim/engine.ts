import { type Alias, formatAlias } from "../cluster/alias.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { parseStreamSource, type StreamSource } from "../cluster/stream-source.js";
import type { EngineStream, ExecResult, SidecarRow } from "../tablets/access.js";
import { copyTables } from "./copy-phase.js";
import { gtidSetHas } from "./gtid.js";
import type { SimMysql } from "./mysql.js";
import type { MysqlData } from "./mysql-data.js";
import { type Condition, matches, parseSidecarStatement, SqlError } from "./sql.js";
import { carriesRow } from "./stream-filter.js";
import { isStopped, newStreamRow, type VitessVersion } from "./stream-row.js";

/** The tablet that a stream reads from. */
export interface PickedSource {
  readonly alias: Alias;
  readonly mysql: SimMysql;
  /** False once its process is gone: the stream must pick again. */
  alive(): boolean;
}

export interface EngineHost {
  readonly mysql: SimMysql;
  readonly dbName: string;
  readonly version: VitessVersion;
  /** Rows that one stream copies in a second of the copy phase. */
  readonly copyRowsPerSecond: number;
  nowSeconds(): number;
  /** `prefer`: the alias that it should be if it can be. */
  pickSource(source: StreamSource, row: SidecarRow, prefer?: string): PickedSource | null;
}

interface Player {
  readonly from: PickedSource;
  /** Index of the next event in the binary log of the source. */
  next: number;
}

/** A goroutine of vttablet, one per stream. It lives on when its row is deleted by SQL: a ghost (`cancel-path.md` 6.1). */
interface Controller {
  readonly id: number;
  readonly workflow: string;
  readonly workflowType: number;
  readonly source: StreamSource;
  state: string;
  sourceTablet: string;
  lastMessage: string;
  heartbeat: number;
  player: Player | null;
  /** Rows copied of each table in the copy phase. */
  readonly copied: Map<string, number>;
}

/**
 * The vreplication engine of one vttablet: open only while it is PRIMARY, reads `_vt.vreplication` only when it opens, and sees no
 * SQL that does not come through it (`sidecar-and-vreplication.md` 4.1 to 4.3, same from v19 to v24).
 */
export class SimEngine {
  #open = false;
  readonly #controllers = new Map<number, Controller>();

  constructor(private readonly host: EngineHost) {}

  get isOpen(): boolean {
    return this.#open;
  }

  get streams(): readonly (EngineStream & { readonly workflowType: number })[] {
    return [...this.#controllers.values()].map((controller) => ({
      id: controller.id,
      workflow: controller.workflow,
      state: controller.state,
      source: `${controller.source.keyspace}/${controller.source.shard}`,
      sourceTablet: controller.sourceTablet,
      lastMessage: controller.lastMessage,
      heartbeat: controller.heartbeat,
      workflowType: controller.workflowType,
    }));
  }

  /** MySQLs that streams of this engine read from now. */
  get reading(): readonly PickedSource[] {
    return [...this.#controllers.values()].flatMap(({ player }) => (player === null ? [] : [player.from]));
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    for (const row of this.#rows()) if (row.db_name === this.host.dbName) this.#control(row);
  }

  /** Takes over the streams that a recorded engine had in memory, those without a row too. */
  adopt(streams: readonly EngineStream[]): void {
    this.#controllers.clear();
    for (const stream of streams) {
      const row = this.#row(stream.id) ?? ghostRow(stream);
      this.#control(row);
      const controller = this.#controllers.get(stream.id);
      if (controller === undefined) continue;
      const { state, sourceTablet, lastMessage, heartbeat } = stream;
      Object.assign(controller, { state, sourceTablet, lastMessage, heartbeat });
      const from = isStopped(row) ? null : this.host.pickSource(controller.source, row, sourceTablet);
      if (from !== null) controller.player = { from, next: from.mysql.binlog.length };
    }
  }

  close(): void {
    this.#open = false;
    this.#controllers.clear();
  }

  /** TabletManager.VReplicationExec. */
  exec(query: string): Outcome<ExecResult> {
    if (!this.#open) return unanswered("closed", "vreplication engine is closed");
    try {
      const statement = parseSidecarStatement(query);
      if (statement.table === "resharding_journal") return answered(runSidecarStatement(this.host, query));
      if (statement.kind === "insert") return answered(this.#insert(statement.rows));
      guard(statement.where);
      if (statement.kind === "delete") return answered(this.#delete(statement.where));
      if (statement.set.has("id")) throw new SqlError("id cannot be changed");
      return answered(this.#update(statement.where, statement.set));
    } catch (error) {
      if (error instanceof SqlError) return unanswered("failed", error.message);
      throw error;
    }
  }

  /** TabletManager.DeleteVReplicationWorkflow: rows of its own database only; none is no error. */
  deleteWorkflow(workflow: string): Outcome<ExecResult> {
    if (!this.#open) return unanswered("closed", "vreplication engine is closed");
    return answered(
      this.#delete([
        { column: "workflow", values: [workflow] },
        { column: "db_name", values: [this.host.dbName] },
      ]),
    );
  }

  /** What the streams do in `seconds` of time. */
  play(seconds: number): void {
    for (const controller of this.#controllers.values()) {
      const row = this.#row(controller.id);
      if (row === undefined ? controller.player !== null : !isStopped(row))
        this.#step(controller, row, seconds);
    }
  }

  #step(controller: Controller, row: SidecarRow | undefined, seconds: number): void {
    if (controller.player !== null && !controller.player.from.alive()) controller.player = null;
    if (controller.player === null && row !== undefined) this.#pick(controller, row);
    const { player } = controller;
    if (player === null) return;
    if (row === undefined) {
      this.#apply(controller, player);
      controller.heartbeat = this.host.nowSeconds();
      return;
    }
    const copying = copyTables(this.host, controller, player.from.mysql, row, seconds);
    if (copying === "copying") {
      controller.state = "Copying";
      this.#beat(controller, { state: "Copying" }, seconds);
      return;
    }
    if (copying === "copied") player.next = player.from.mysql.binlog.length;
    const applied = this.#apply(controller, player);
    controller.state = "Running";
    controller.heartbeat = this.host.nowSeconds();
    this.#beat(
      controller,
      {
        state: "Running",
        message: "",
        pos: player.from.mysql.position,
        time_heartbeat: String(this.host.nowSeconds()),
        ...(applied > 0 ? { transaction_timestamp: String(this.host.nowSeconds()) } : {}),
      },
      seconds,
    );
  }

  #pick(controller: Controller, row: SidecarRow): void {
    const from = this.host.pickSource(controller.source, row);
    if (from === null) {
      controller.lastMessage = "Error picking tablet: context has expired";
      this.#beat(controller, { message: controller.lastMessage }, 1);
      return;
    }
    controller.sourceTablet = formatAlias(from.alias);
    controller.lastMessage = `Picked source tablet: cell:"${from.alias.cell}" uid:${from.alias.uid}`;
    const pos = row.pos ?? "";
    const unseen = from.mysql.binlog.findIndex((event) => !gtidSetHas(pos, event.uuid, event.number));
    controller.player = { from, next: unseen === -1 ? from.mysql.binlog.length : unseen };
  }

  /** Applies what the source logged since; the number of rows. */
  #apply(controller: Controller, player: Player): number {
    const events = player.from.mysql.binlog.slice(player.next);
    player.next = player.from.mysql.binlog.length;
    const rows = events.filter((event) => carriesRow(controller.source, event.table, event.key));
    for (const table of new Set(rows.map((row) => row.table)))
      this.host.mysql.insert(
        this.host.dbName,
        table,
        rows.filter((row) => row.table === table),
      );
    return rows.length;
  }

  #beat(controller: Controller, set: Readonly<Record<string, string>>, seconds: number): void {
    const now = String(this.host.nowSeconds());
    this.host.mysql.write(
      (data) => replaceRows(data, (row) => row.id === String(controller.id), { ...set, time_updated: now }),
      [],
      Math.max(1, Math.round(seconds)),
    );
  }

  #control(row: SidecarRow): void {
    const source = parseStreamSource(row.source ?? "");
    const id = Number(row.id);
    if (source.kind === "unanswered") return;
    const stopped = isStopped(row);
    this.#controllers.set(id, {
      id,
      workflow: row.workflow ?? "",
      workflowType: Number(row.workflow_type),
      source: source.value,
      state: stopped ? (row.state ?? "") : (row.pos ?? "") === "" ? "Copying" : "Running",
      sourceTablet: "",
      lastMessage: "",
      heartbeat: Number(row.time_heartbeat ?? 0),
      player: null,
      copied: new Map(),
    });
  }

  #insert(rows: readonly ReadonlyMap<string, string | null>[]): ExecResult {
    if (rows.some((row) => row.has("id"))) throw new SqlError("id should not have a value");
    const { next } = this.host.mysql.data.sidecar;
    const first = next.vreplication;
    insertRows(this.host, rows);
    for (const row of this.#rows()) if (Number(row.id) >= first) this.#control(row);
    return { rowsAffected: rows.length };
  }

  #update(where: readonly Condition[], set: ReadonlyMap<string, string | null>): ExecResult {
    const ids = this.#ids(where);
    if (ids.size === 0) return { rowsAffected: 0 };
    for (const id of ids) this.#controllers.delete(Number(id));
    this.host.mysql.write((data) =>
      replaceRows(data, (row) => ids.has(row.id ?? ""), Object.fromEntries(set)),
    );
    for (const row of this.#rows()) if (ids.has(row.id ?? "")) this.#control(row);
    return { rowsAffected: ids.size };
  }

  #delete(where: readonly Condition[]): ExecResult {
    const ids = this.#ids(where);
    if (ids.size === 0) return { rowsAffected: 0 };
    for (const id of ids) this.#controllers.delete(Number(id));
    this.host.mysql.write(({ sidecar }) => {
      sidecar.vreplication = sidecar.vreplication.filter((row) => !ids.has(row.id ?? ""));
      sidecar.copyState = sidecar.copyState.filter((row) => !ids.has(String(row.vreplId)));
      sidecar.postCopyActions = sidecar.postCopyActions.filter((row) => !ids.has(String(row.vreplId)));
    });
    return { rowsAffected: ids.size };
  }

  #ids(where: readonly Condition[]): ReadonlySet<string> {
    return new Set(
      this.#rows()
        .filter((row) => matches(row, where))
        .map((row) => row.id ?? ""),
    );
  }

  #rows(): readonly SidecarRow[] {
    return this.host.mysql.data.sidecar.vreplication;
  }

  #row(id: number): SidecarRow | undefined {
    return this.#rows().find((row) => row.id === String(id));
  }
}

/** The same statements sent to MySQL itself: rows change, controllers do not notice. */
export const runSidecarStatement = (
  host: Pick<EngineHost, "mysql" | "version" | "nowSeconds">,
  sql: string,
): ExecResult => {
  const statement = parseSidecarStatement(sql);
  if (statement.table === "resharding_journal") {
    if (statement.kind === "update") throw new SqlError("unsupported construct: update");
    return statement.kind === "delete"
      ? deleteJournals(host.mysql, statement.where)
      : insertJournals(host.mysql, statement.rows);
  }
  if (statement.kind === "insert") {
    insertRows(host, statement.rows);
    return { rowsAffected: statement.rows.length };
  }
  const hit = host.mysql.data.sidecar.vreplication.filter((row) => matches(row, statement.where)).length;
  if (hit === 0) return { rowsAffected: 0 };
  host.mysql.write((data) => {
    if (statement.kind === "update")
      replaceRows(data, (row) => matches(row, statement.where), Object.fromEntries(statement.set));
    else {
      const { sidecar } = data;
      sidecar.vreplication = sidecar.vreplication.filter((row) => !matches(row, statement.where));
    }
  });
  return { rowsAffected: hit };
};

const ghostRow = ({ id, workflow, source, state }: EngineStream): SidecarRow => {
  const [keyspace, shard] = source.split("/");
  return { id: String(id), workflow, source: `keyspace:"${keyspace}" shard:"${shard}"`, state };
};

const guard = (where: readonly Condition[]): void => {
  if (!where.some(({ column }) => column === "id" || column === "workflow"))
    throw new SqlError("unsafe WHERE clause: it must select by id or workflow");
};

const replaceRows = (
  { sidecar }: MysqlData,
  hit: (row: SidecarRow) => boolean,
  set: Readonly<Record<string, string | null>>,
): void => {
  sidecar.vreplication = sidecar.vreplication.map((row) => (hit(row) ? { ...row, ...set } : row));
};

const insertRows = (
  host: Pick<EngineHost, "mysql" | "version" | "nowSeconds">,
  rows: readonly ReadonlyMap<string, string | null>[],
): void => {
  const made = rows.map((values) => ({
    ...newStreamRow(
      host.version,
      { workflow: "", dbName: "", source: "", workflowType: 0, limits: "0" },
      host.nowSeconds(),
    ),
    ...Object.fromEntries(values),
  }));
  host.mysql.write(({ sidecar }) => {
    for (const row of made) {
      const id = Number(row.id ?? sidecar.next.vreplication);
      sidecar.next.vreplication = Math.max(sidecar.next.vreplication, id + 1);
      sidecar.vreplication = [...sidecar.vreplication, { ...row, id: String(id) }];
    }
  });
};

const deleteJournals = (mysql: SimMysql, where: readonly Condition[]): ExecResult => {
  const hit = mysql.data.sidecar.journals.filter(({ id, dbName }) => matches({ id, db_name: dbName }, where));
  mysql.write(({ sidecar }) => {
    sidecar.journals = sidecar.journals.filter(({ id }) => !hit.some((row) => row.id === id));
  });
  return { rowsAffected: hit.length };
};

const insertJournals = (mysql: SimMysql, rows: readonly ReadonlyMap<string, string | null>[]): ExecResult => {
  mysql.write(({ sidecar }) => {
    for (const row of rows) {
      const journal = {
        id: row.get("id") ?? "0",
        dbName: row.get("db_name") ?? "",
        val: row.get("val") ?? "",
      };
      sidecar.journals = [...sidecar.journals, journal];
    }
  });
  return { rowsAffected: rows.length };
};
