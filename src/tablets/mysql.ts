import type { Connection } from "mysql2/promise";
import type { Clock } from "../cluster/clock.js";
import { type Outcome, type Unanswered, unanswered } from "../cluster/outcome.js";
import type { SidecarRow, TabletAddress } from "./access.js";
import { type Endpoint, endpoint } from "./address.js";
import { type OnOver, withDeadline } from "./deadline.js";
import { textOfCell } from "./decode.js";
import { CallLimiter } from "./limiter.js";
import { reasonOfErrno } from "./mysql-errors.js";
import type { MysqlLogin, TabletOptions } from "./options.js";
import { socketUnanswered } from "./socket-errors.js";

/**
 * No statement of the session can write, and none waits long for a metadata lock, as `optimize table _vt.copy_state` holds it
 * (docs/vitess.md#reading-a-primary).
 */
const SESSION =
  "set session transaction_read_only = on, session lock_wait_timeout = 2, session transaction_isolation = 'READ-COMMITTED'";

/** Runs one statement, all columns as text, as vttablet would hand them on. */
export type RunQuery = (sql: string) => Promise<readonly SidecarRow[]>;

/** What an error of MySQL means is decided for it: it lets them pass. */
export type Question<T> = (query: RunQuery) => Promise<Outcome<T>>;

/** A MySQL behind a tablet: one connection a question, ended with it. */
export class TabletMysql {
  readonly #login: MysqlLogin | null;
  readonly #limiter: CallLimiter;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(options: TabletOptions, clock: Clock) {
    this.#login = options.mysql;
    this.#limiter = new CallLimiter(options.concurrency, options.concurrencyPerHost);
    this.#timeoutMs = options.timeoutMs;
    this.#clock = clock;
  }

  async ask<T>(at: TabletAddress, question: Question<T>): Promise<Outcome<T>> {
    const login = this.#login;
    if (login === null) return unanswered("unsupported", "no MySQL user was given");
    const where = endpoint("MySQL", at.mysqlHost, at.mysqlPort);
    if (where.kind === "unanswered") return where;
    return this.#limiter.run(where.value.host, () =>
      withDeadline(this.#clock, this.#timeoutMs, (onOver) =>
        session(where.value, login, this.#timeoutMs, onOver, question),
      ),
    );
  }
}

async function session<T>(
  { host, port }: Endpoint,
  login: MysqlLogin,
  connectTimeout: number,
  onOver: OnOver,
  question: Question<T>,
): Promise<Outcome<T>> {
  let connection: Connection | null = null;
  let over = false;
  onOver(() => {
    over = true;
    // A client's deadline does not end a query at the server; closing the connection at least frees both ends.
    connection?.destroy();
  });
  // Only where a login was given: 89 modules that most scans do not need.
  const { createConnection } = await import("mysql2/promise");
  try {
    connection = await createConnection({
      host,
      port,
      user: login.user,
      password: login.password,
      connectTimeout,
      ...(login.ssl === null ? {} : { ssl: { ...login.ssl } }),
    });
    const open = connection;
    // The question that waits hears of it; without a listener a server that leaves between two would end the process.
    open.on("error", () => {});
    if (over) return unanswered("timeout", "connected too late");
    await open.query(SESSION);
    return await question((sql) => textRows(open, sql));
  } catch (error) {
    return mysqlUnanswered(error);
  } finally {
    connection?.destroy();
  }
}

/** Without conversion by the client: numbers beyond 2^53, dates and JSON stay the text that MySQL sent. */
async function textRows(connection: Connection, sql: string): Promise<readonly SidecarRow[]> {
  const [rows] = await connection.query({
    sql,
    typeCast: (field) => {
      const bytes = field.buffer();
      return bytes === null ? null : textOfCell(field.name, bytes);
    },
  });
  return rows as readonly SidecarRow[];
}

function mysqlUnanswered(error: unknown): Unanswered {
  // Errors of MySQL and of sockets carry a code, those of a connection that is gone are fatal; any other is a bug of ours.
  if (!(error instanceof Error) || !("code" in error || "fatal" in error)) throw error;
  const { errno, sqlMessage } = error as { errno?: number; sqlMessage?: string };
  if (sqlMessage === undefined || errno === undefined) return socketUnanswered(error);
  return unanswered(reasonOfErrno(errno) ?? "failed", `${sqlMessage} (errno ${errno})`);
}
