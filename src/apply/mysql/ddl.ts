import type { Outcome, Unanswered } from "../../cluster/outcome.js";
import type { DbaOptions, ExecResult } from "../../tablets/access.js";
import { marked } from "../../tablets/run-mark.js";
import { type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { nameOf } from "../tablet/identity.js";
import { guardPrimary } from "../tablet/tablet-guard.js";
import { runningStatements } from "./running-statements.js";
import { heldTables, type TableUse, usersOf } from "./table-users.js";

/** One statement on a shard's primary. */
export interface Ddl extends TableUse, DbaOptions {}

/**
 * How long MySQL lets a DDL wait for a table that is in use. Every new query on the table queues behind it meanwhile, so it is short:
 * as long as the cut-over of Vitess's own Online DDL waits (v24 onlineddl/executor.go `defaultCutOverThreshold`). MySQL's default is a year.
 */
const LOCK_WAIT_S = 10;

/**
 * Runs it; null: MySQL has done it. vttablet runs a statement without its caller's deadline (v24 tabletmanager/rpc_query.go): one that
 * waits for a table would be done long after its run was given up. So a table in use is looked for first, MySQL ends the wait itself where
 * the tablet takes two statements for one session (v20 and newer), and the statement bears the run's name, by which `undo` and `resume`
 * find it where its reply was lost. What MySQL itself answers with an error is a refusal: nothing was done.
 */
export async function runDdl(ddl: Ddl, context: RunContext): Promise<Refused | Silent | null> {
  const stop = (await heldTables(ddl, context)) ?? (await guardPrimary(ddl.tablet, context));
  if (stop !== null) return stop;
  const reply = await send(ddl, context);
  if (reply.kind === "answered") return null;
  const errno = Number(/\(errno (\d+)\)/.exec(reply.message)?.[1] ?? 0);
  if (errno === LOCK_WAIT_TIMEOUT) {
    const users = await usersOf(ddl, context);
    return refused(
      `${nameOf(ddl.tablet)} waited ${LOCK_WAIT_S} s for a table that is in use${users === "" ? "" : `: ${users}`}. Nothing of "${ddl.statement}" was done; go on with the run when nobody uses the table`,
    );
  }
  return isServerError(errno)
    ? refused(`the MySQL of ${nameOf(ddl.tablet)} refused "${ddl.statement}": ${reply.message}`)
    : lost(ddl, reply, context);
}

async function send(
  { tablet, tables: _, statement, ...options }: Ddl,
  { run, ports }: RunContext,
): Promise<Outcome<ExecResult>> {
  const { writer } = ports;
  const sql = marked(run, statement);
  const limit = `set session lock_wait_timeout=${LOCK_WAIT_S}`;
  const reply = await writer.executeMultiAsDba(tablet.address, [limit, sql], options);
  // MySQL's own "unknown table" and the like are `unsupported` too; then the method is there.
  return reply.kind === "unanswered" && reply.reason === "unsupported" && !reply.message.includes("(errno ")
    ? writer.executeAsDba(tablet.address, sql, options)
    : reply;
}

/** ER_LOCK_WAIT_TIMEOUT. */
const LOCK_WAIT_TIMEOUT = 1205;
/** ER_SERVER_SHUTDOWN: the statement may have been done just before. */
const SERVER_SHUTDOWN = 1053;

/** Numbers from 2000 to 2999 are the client library's: the connection was lost, and the statement may be at work (MySQL errmsg.h). */
const isServerError = (errno: number): boolean =>
  errno >= 1000 && errno !== SERVER_SHUTDOWN && (errno < 2000 || errno >= 3000);

async function lost({ tablet, statement }: Ddl, reply: Unanswered, context: RunContext): Promise<Silent> {
  const { reason } = silent(`${nameOf(tablet)}, asked to ${statement},`, reply);
  const atWork = await runningStatements(context.run, tablet, context.ports);
  const words =
    atWork.kind === "unanswered"
      ? "; its MySQL could not be asked whether it is still at work on that"
      : atWork.value.map((one) => `; ${one.words}`).join("");
  return { kind: "unanswered", reason: `${reason}${words}` };
}
