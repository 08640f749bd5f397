import type { SidecarRow } from "../tablets/access.js";
import type { SimClock } from "./clock.js";

/** A session that has tables in use, or waits for them (MySQL's metadata locks). */
interface Session {
  readonly id: number;
  readonly user: string;
  readonly host: string;
  readonly state: string;
  readonly info: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** `database.table`. */
  readonly tables: readonly string[];
  /** What is done when nobody else has its tables any more; null for one that has them. */
  readonly granted: (() => void) | null;
}

/** A statement that waits. */
export interface Waiting {
  /** It does not wait any more. */
  leave(): void;
}

/** Who uses which table of one MySQL: a DDL waits for all that came before it, and everybody else waits for the DDL. */
export class TableLocks {
  /** Whether performance_schema shows them. */
  instrumented = true;
  #sessions: readonly Session[] = [];
  #lastId = 40;

  constructor(private readonly clock: Pick<SimClock, "now">) {}

  /** A transaction reads these tables (`database.table`) until the answered function is called. */
  hold(tables: readonly string[], info = "select * from customer"): () => void {
    const session = this.#add({ user: "analyst", host: "10.0.0.7:5312", state: "executing", info, tables });
    return () => this.#remove(session);
  }

  isBlocked(tables: readonly string[]): boolean {
    return this.#sessions.some((session) => meet(session.tables, tables));
  }

  wait(tables: readonly string[], info: string, granted: () => void): Waiting {
    const state = "Waiting for table metadata lock";
    const session = this.#add({ user: "vt_dba", host: "localhost", state, info, tables, granted });
    return { leave: () => this.#remove(session) };
  }

  /** `statements` of `tablets/queries.ts`, column to text. */
  statements(): readonly SidecarRow[] {
    return this.#sessions
      .filter(({ info }) => info.startsWith("/* vtdoctor run "))
      .map((one) => this.#row(one));
  }

  /** `tableLocks` of `tablets/queries.ts`. */
  locks(): readonly SidecarRow[] {
    if (!this.instrumented) return [];
    return this.#sessions.flatMap((session) =>
      session.tables.map((table) => {
        const [schema = "", name = ""] = table.split(".");
        return {
          table_schema: schema,
          table_name: name,
          lock_status: session.granted === null ? "GRANTED" : "PENDING",
          lock_id: `${session.id}-1`,
          ...this.#row(session),
        };
      }),
    );
  }

  #row({ id, user, host, since, state, info }: Session): SidecarRow {
    return {
      conn_id: String(id),
      conn_user: user,
      conn_host: host,
      conn_seconds: String(Math.floor((this.clock.now() - since) / 1000)),
      conn_state: state,
      conn_info: info,
    };
  }

  #add(session: Omit<Session, "id" | "since" | "granted"> & Partial<Pick<Session, "granted">>): Session {
    const added = { granted: null, ...session, id: ++this.#lastId, since: this.clock.now() };
    this.#sessions = [...this.#sessions, added];
    return added;
  }

  /** Whoever waited for it alone goes on, in the order in which they came. */
  #remove(gone: Session): void {
    this.#sessions = this.#sessions.filter((session) => session !== gone);
    for (const [at, session] of this.#sessions.entries()) {
      const before = this.#sessions.slice(0, at);
      if (session.granted === null || before.some(({ tables }) => meet(tables, session.tables))) continue;
      this.#sessions = this.#sessions.filter((one) => one !== session);
      session.granted();
      this.#remove(session);
      return;
    }
  }
}

const meet = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((table) => others.includes(table));
