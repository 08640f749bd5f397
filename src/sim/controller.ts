import { type Alias, formatAlias } from "../cluster/alias.js";
import type { StreamSource } from "../cluster/stream-source.js";
import type { EngineStream, SidecarRow } from "../tablets/access.js";
import { copyTables } from "./copy-phase.js";
import type { SimMysql } from "./mysql.js";
import { logged, type SidecarHost, setInRows } from "./sidecar-writes.js";
import { carriesRow } from "./stream-filter.js";
import { isStopped } from "./stream-row.js";

/** The tablet that a stream reads from. */
export interface PickedSource {
  readonly alias: Alias;
  readonly mysql: SimMysql;
  /** False once its process is gone: the stream must pick again. */
  alive(): boolean;
}

export interface EngineHost extends SidecarHost {
  readonly dbName: string;
  /** Rows that one stream copies in a second of the copy phase. */
  readonly copyRowsPerSecond: number;
  /** `prefer`: the alias that it should be if it can be. */
  pickSource(source: StreamSource, row: SidecarRow, prefer?: string): PickedSource | null;
}

interface Player {
  readonly from: PickedSource;
  /** Index of the next event in the binary log of the source. */
  next: number;
}

/** The goroutine of one stream. It lives on when its row is deleted by SQL: a ghost (docs/vitess.md#ghosts). */
export class Controller {
  readonly id: number;
  readonly workflow: string;
  readonly workflowType: number;
  /** Rows copied of each table in the copy phase. */
  readonly copied = new Map<string, number>();
  #state: string;
  #sourceTablet = "";
  #lastMessage = "";
  #heartbeat: number;
  #player: Player | null = null;

  constructor(
    private readonly host: EngineHost,
    readonly source: StreamSource,
    row: SidecarRow,
  ) {
    this.id = Number(row.id);
    this.workflow = row.workflow ?? "";
    this.workflowType = Number(row.workflow_type);
    this.#heartbeat = Number(row.time_heartbeat ?? 0);
    this.#state = isStopped(row) ? (row.state ?? "") : row.pos === "" ? "Copying" : "Running";
  }

  get stream(): EngineStream {
    return {
      id: this.id,
      workflow: this.workflow,
      state: this.#state,
      source: `${this.source.keyspace}/${this.source.shard}`,
      sourceTablet: this.#sourceTablet,
      lastMessage: this.#lastMessage,
      heartbeat: this.#heartbeat,
    };
  }

  get reading(): PickedSource | null {
    return this.#player?.from ?? null;
  }

  /** Goes on from what a recorded engine said of it. */
  adopt(stream: EngineStream, row: SidecarRow): void {
    this.#state = stream.state;
    this.#sourceTablet = stream.sourceTablet;
    this.#lastMessage = stream.lastMessage;
    this.#heartbeat = stream.heartbeat;
    const from = isStopped(row) ? null : this.host.pickSource(this.source, row, stream.sourceTablet);
    if (from !== null) this.#player = { from, next: from.mysql.binlog.length };
  }

  /** What it does in `seconds` of time; `row` is its row as it is now, absent for a ghost. */
  step(row: SidecarRow | undefined, seconds: number): void {
    if (row === undefined ? this.#player === null : isStopped(row)) return;
    if (this.#player?.from.alive() === false) this.#player = null;
    if (this.#player === null && row !== undefined) this.#pick(row);
    const player = this.#player;
    if (player === null) return;
    const { mysql } = player.from;
    if (row !== undefined && copyTables(this.host, this, mysql, row, seconds) === "copying") {
      this.#state = "Copying";
      this.#record({ state: "Copying" }, seconds);
      return;
    }
    const applied = this.#apply(player);
    if (applied === null) return;
    this.#heartbeat = this.host.nowSeconds();
    if (row === undefined) return;
    this.#state = "Running";
    const now = String(this.#heartbeat);
    const seen = applied > 0 ? { transaction_timestamp: now } : {};
    this.#record(
      { state: "Running", message: "", pos: mysql.position, time_heartbeat: now, ...seen },
      seconds,
    );
  }

  #pick(row: SidecarRow): void {
    const from = this.host.pickSource(this.source, row);
    if (from === null) {
      this.#lastMessage = "Error picking tablet: context has expired";
      this.#record({ message: this.#lastMessage }, 1);
      return;
    }
    this.#sourceTablet = formatAlias(from.alias);
    this.#lastMessage = `Picked source tablet: cell:"${from.alias.cell}" uid:${from.alias.uid}`;
    const { binlog } = from.mysql;
    const pos = row.pos ?? "";
    const unseen = pos === "" ? -1 : binlog.findIndex((event) => !gtidSetHas(pos, event.uuid, event.number));
    this.#player = { from, next: unseen === -1 ? binlog.length : unseen };
  }

  /** Applies what the source logged since; the number of rows, null where it can not (the stream is in Error then). */
  #apply(player: Player): number | null {
    const { binlog } = player.from.mysql;
    const rows = binlog.slice(player.next).filter((event) => carriesRow(this.source, event.table, event.key));
    player.next = binlog.length;
    for (const table of new Set(rows.map((row) => row.table))) {
      if (this.host.mysql.table(this.host.dbName, table) === undefined) {
        this.#fail(`Table '${this.host.dbName}.${table}' doesn't exist (errno 1146) (sqlstate 42S02)`);
        return null;
      }
      this.host.mysql.insert(
        this.host.dbName,
        table,
        rows.filter((row) => row.table === table),
      );
    }
    return rows.length;
  }

  /** 1146 is terminal (docs/vitess.md#terminal-errors). */
  #fail(message: string): void {
    this.#state = "Error";
    this.#lastMessage = message;
    this.#player = null;
    const failed = { state: "Error", message: `terminal error: ${message}` };
    this.#record(failed, 1);
    this.host.mysql.write(({ sidecar }) => {
      const row = { id: String(this.id), ...failed };
      sidecar.log = logged(sidecar.log, row, failed.message, this.host.nowSeconds());
    });
  }

  #record(set: Readonly<Record<string, string>>, seconds: number): void {
    const change = { ...set, time_updated: String(this.host.nowSeconds()) };
    this.host.mysql.write(
      (data) => setInRows(data, (row) => row.id === String(this.id), change),
      [],
      Math.max(1, Math.round(seconds)),
    );
  }
}

/** Whether a GTID set (`MySQL56/uuid:1-5:7,uuid2:3`, with or without the flavour) holds transaction `number` of server `uuid`. */
const gtidSetHas = (set: string, uuid: string, number: number): boolean =>
  set
    .replace(/^MySQL56\//, "")
    .split(",")
    .map((part) => part.trim().split(":"))
    .some(
      ([server, ...intervals]) => server === uuid && intervals.some((interval) => within(interval, number)),
    );

const within = (interval: string, number: number): boolean => {
  const [first, last] = interval.split("-").map(Number);
  return first !== undefined && first <= number && number <= (last ?? first);
};
