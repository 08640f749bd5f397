import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { parseStreamSource } from "../cluster/stream-source.js";
import type { EngineStream, ExecResult, SidecarRow } from "../tablets/access.js";
import { Controller, type EngineHost, type PickedSource } from "./controller.js";
import { insertStreamRows, runSidecarStatement, setInRows } from "./sidecar-writes.js";
import { type Condition, matches, parseSidecarStatement, SqlError } from "./sql.js";

/**
 * The vreplication engine of one vttablet: open only while it is PRIMARY, reads `_vt.vreplication` only when it opens, and sees no
 * SQL that does not come through it (docs/vitess.md#engine, docs/vitess.md#vreplicationexec, same from v19 to v24).
 */
export class SimEngine {
  #open = false;
  readonly #controllers = new Map<number, Controller>();

  constructor(private readonly host: EngineHost) {}

  get isOpen(): boolean {
    return this.#open;
  }

  get streams(): readonly EngineStream[] {
    return [...this.#controllers.values()].map(({ stream }) => stream);
  }

  /** How many streams read from that MySQL now. */
  readersOf(source: PickedSource["mysql"]): number {
    let readers = 0;
    for (const { reading } of this.#controllers.values()) if (reading?.mysql === source) readers += 1;
    return readers;
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
      this.#control(row)?.adopt(stream, row);
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
      guard(statement.where, query);
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
    for (const controller of this.#controllers.values()) controller.step(this.#row(controller.id), seconds);
  }

  /** Null where the source can not be read: vttablet logs it and has no controller. */
  #control(row: SidecarRow): Controller | null {
    const source = parseStreamSource(row.source ?? "");
    if (source.kind === "unanswered") return null;
    const controller = new Controller(this.host, source.value, row);
    this.#controllers.set(controller.id, controller);
    return controller;
  }

  #insert(rows: readonly ReadonlyMap<string, string | null>[]): ExecResult {
    if (rows.some((row) => row.has("id"))) throw new SqlError("id should not have a value");
    for (const row of insertStreamRows(this.host, rows)) this.#control(row);
    return { rowsAffected: rows.length };
  }

  /** Rows first looked up, controllers stopped, rows changed, new controllers: no row, no effect. */
  #update(where: readonly Condition[], set: ReadonlyMap<string, string | null>): ExecResult {
    const ids = this.#stop(where);
    if (ids.size === 0) return { rowsAffected: 0 };
    this.host.mysql.write((data) => setInRows(data, ({ id }) => ids.has(id ?? ""), Object.fromEntries(set)));
    for (const row of this.#rows()) if (ids.has(row.id ?? "")) this.#control(row);
    return { rowsAffected: ids.size };
  }

  #delete(where: readonly Condition[]): ExecResult {
    const ids = this.#stop(where);
    if (ids.size === 0) return { rowsAffected: 0 };
    this.host.mysql.write(({ sidecar }) => {
      sidecar.vreplication = sidecar.vreplication.filter((row) => !ids.has(row.id ?? ""));
      sidecar.copyState = sidecar.copyState.filter((row) => !ids.has(String(row.vreplId)));
      sidecar.postCopyActions = sidecar.postCopyActions.filter((row) => !ids.has(String(row.vreplId)));
    });
    return { rowsAffected: ids.size };
  }

  #stop(where: readonly Condition[]): ReadonlySet<string> {
    const ids = new Set(
      this.#rows()
        .filter((row) => matches(row, where))
        .map(({ id }) => id ?? ""),
    );
    for (const id of ids) this.#controllers.delete(Number(id));
    return ids;
  }

  #rows(): readonly SidecarRow[] {
    return this.host.mysql.data.sidecar.vreplication;
  }

  #row(id: number): SidecarRow | undefined {
    return this.#rows().find((row) => row.id === String(id));
  }
}

const ghostRow = ({ id, workflow, source, state }: EngineStream): SidecarRow => {
  const [keyspace, shard] = source.split("/");
  return { id: String(id), workflow, source: `keyspace:"${keyspace}" shard:"${shard}"`, state };
};

const guard = (where: readonly Condition[], query: string): void => {
  if (where.some(({ column }) => column === "id" || column === "workflow")) return;
  throw new SqlError(
    `unsafe WHERE clause without the /*vt+ ALLOW_UNSAFE_VREPLICATION_WRITE */ comment directive: ${query}; should be using = or in with at least one of the following columns: id, workflow`,
  );
};
