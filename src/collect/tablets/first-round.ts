import type { Outcome } from "../../cluster/outcome.js";
import type { VreplicationRow } from "../../snapshot/gen/tables.js";
import type { MysqlStatus, TabletIdentity, TabletStatus, TabletVars } from "../../tablets/access.js";
import { RARELY_FILLED, type RarelyFilled } from "../../tablets/queries.js";
import type { Target } from "../../witnesses/targets.js";
import type { CollectSources } from "../settings.js";
import { DEFAULT_SIDECAR } from "../topology/records.js";
import {
  type Asking,
  accessOf,
  answerOf,
  type Identity,
  identityOf,
  isOtherAlias,
  ProbeLog,
  type TabletAnswers,
} from "./answers.js";
import { liveAddress, vreplicationRow } from "./rows.js";

/**
 * The first round at one address: who is there, and with which topology; then, of one of ours, its replication and its streams.
 * A process that does not even say who it is gets no second question over gRPC (a hanging vttablet costs one deadline), but its
 * MySQL may answer when it does not (docs/decisions.md#d9).
 */
export async function askTablet(target: Target, asking: Asking): Promise<TabletAnswers> {
  const { tablets, clock } = asking.sources;
  const log = new ProbeLog(target.address, target.required, clock);
  const identity = await (target.at.grpcPort > 0 ? log.ask("health", tablets.identity(target.at)) : null);
  const vars = await askVars(target, identity, log, asking);
  const who = identityOf(identity, vars);
  const access = await accessOf(target, who, vars, asking);
  const observedAtMs = clock.now();
  const known = { target, who, access, identity: answerOf(identity), vars, observedAtMs };
  if (access !== "ours" && access !== "silent") {
    return {
      ...known,
      status: null,
      mysql: null,
      byGrpc: false,
      ghosts: NONE,
      empty: new Set(),
      sidecars: [],
      facts: { probe: log.probes },
    };
  }
  const [grpc, { mysql, rows }] = await Promise.all([
    access === "ours" && answersGrpc(identity)
      ? askGrpc(target, who?.type === "PRIMARY", log, asking)
      : NOTHING_BY_GRPC,
    askMysql(target, who, log, asking),
  ]);
  return {
    ...known,
    ghosts: grpc.streams ? await ghostsOf(target, vars, grpc.rows, asking.sources) : NONE,
    empty: grpc.empty,
    sidecars: grpc.sidecars,
    byGrpc: grpc.isAlive,
    status: grpc.status,
    mysql,
    facts: { probe: log.probes, vreplication: [...grpc.rows, ...rows] },
  };
}

/** HTTP is another port: it is asked unless the process hangs. What another tablet says on that port is not this one's word. */
async function askVars(
  target: Target,
  identity: Outcome<TabletIdentity> | null,
  log: ProbeLog,
  asking: Asking,
): Promise<TabletVars | null> {
  const hangs = identity?.kind === "unanswered" && identity.reason === "timeout";
  const said = answerOf(identity);
  if (target.at.httpPort === 0 || hangs || (said !== null && isOtherAlias(target, said.alias))) return null;
  const vars = answerOf(await log.ask("vars", asking.sources.tablets.vars(target.at)));
  return said !== null && vars !== null && vars.alias !== said.alias ? null : vars;
}

/** An error of its own, or a service that it does not offer, still proves that somebody listens. */
const answersGrpc = (identity: Outcome<TabletIdentity> | null): boolean =>
  identity !== null &&
  (identity.kind === "answered" || identity.reason === "unsupported" || identity.reason === "failed");

interface ByGrpc {
  /** False where the tablet answers, but no longer what needs its MySQL: further questions would hang like these. */
  readonly isAlive: boolean;
  readonly status: TabletStatus | null;
  /** The rows of its streams were read; they are `rows`. */
  readonly streams: boolean;
  readonly rows: readonly VreplicationRow[];
  readonly empty: ReadonlySet<RarelyFilled>;
  readonly sidecars: readonly string[];
}

/** Of a process that is not asked over gRPC. */
const NOTHING_BY_GRPC: ByGrpc = {
  isAlive: false,
  status: null,
  streams: false,
  rows: [],
  empty: new Set(),
  sidecars: [],
};

/**
 * How one of ours replicates, and its streams; of a primary also which sidecar tables are empty, while its connection is open: the second
 * round then has nothing to ask of most. That question leaves no probe: where it fails, the tables are asked one by one.
 */
async function askGrpc(
  { address, at }: Target,
  isPrimary: boolean,
  log: ProbeLog,
  asking: Asking,
): Promise<ByGrpc> {
  const { tablets, clock } = asking.sources;
  const [status, streams, contents] = await Promise.all([
    log.ask("status", tablets.status(at)),
    log.ask("streams", tablets.rows(at, "streams")),
    isPrimary ? tablets.rows(at, "contents") : null,
  ]);
  const [filled] = answerOf(contents) ?? [];
  const now = Math.trunc(clock.now() / 1000);
  return {
    isAlive: streams.kind === "answered" || streams.reason !== "timeout",
    status: answerOf(status),
    streams: streams.kind === "answered",
    rows: (answerOf(streams) ?? []).map((row) => vreplicationRow(address, "grpc", row, now)),
    empty: new Set(RARELY_FILLED.filter((table) => filled?.[table] === "0")),
    sidecars: namesIn(filled?.sidecars ?? null),
  };
}

/** A JSON array that MySQL cut is none. */
function namesIn(json: string | null): readonly string[] {
  try {
    const names: unknown = JSON.parse(json ?? "[]");
    return Array.isArray(names) ? names.map(String) : [];
  } catch {
    return [];
  }
}

interface ByMysql {
  readonly mysql: MysqlStatus | null;
  readonly rows: readonly VreplicationRow[];
}

/**
 * The MySQL behind an address, where credentials were given: it answers when vttablet hangs (docs/decisions.md#d9). `who` is null where
 * nobody said whose it is: then its rows belong to the MySQL alone.
 */
async function askMysql(
  target: Target,
  who: Identity | null,
  log: ProbeLog,
  asking: Asking,
): Promise<ByMysql> {
  if (!asking.mysql || target.at.mysqlPort === 0 || target.at.mysqlHost === "")
    return { mysql: null, rows: [] };
  const { tablets, clock } = asking.sources;
  const mysql = answerOf(await log.ask("mysqlStatus", tablets.mysqlStatus(target.at)));
  if (mysql === null) return { mysql, rows: [] };
  const keyspace = who?.keyspace ?? target.keyspaces[0] ?? "";
  const sidecar = asking.sidecars.get(keyspace) ?? DEFAULT_SIDECAR;
  const streams = await log.ask("mysql", tablets.mysqlRows(target.at, "streams", sidecar));
  const address = liveAddress({ who, target });
  const now = Math.trunc(clock.now() / 1000);
  return { mysql, rows: (answerOf(streams) ?? []).map((row) => vreplicationRow(address, "mysql", row, now)) };
}

/** Milliseconds between the two looks: longer than any statement that creates or deletes a stream takes between engine and table. */
const PAUSE_MS = 2_000;

/**
 * Streams of an engine that `_vt.vreplication` has no row for, by id, with the milliseconds from the first look to the last. The engine is
 * asked before the table each time: a stream that is created has its row first, and one that is deleted leaves the engine before its row
 * goes (docs/vitess.md#vreplicationexec), so only a deletion between two questions looks like this once, and nothing but a ghost twice.
 */
async function ghostsOf(
  { at }: Target,
  vars: TabletVars | null,
  rows: readonly VreplicationRow[],
  { tablets, clock }: CollectSources,
): Promise<ReadonlyMap<number, number>> {
  const suspects = withoutRow(
    vars,
    rows.map((row) => row.id),
  );
  if (suspects.length === 0) return NONE;
  const since = clock.now();
  await clock.sleep(PAUSE_MS);
  const varsAgain = await tablets.vars(at);
  const rowsAgain = await tablets.rows(at, "streams");
  if (varsAgain.kind === "unanswered" || rowsAgain.kind === "unanswered") return NONE;
  if (varsAgain.value.alias !== vars?.alias) return NONE;
  const still = withoutRow(
    varsAgain.value,
    rowsAgain.value.map((row) => Number(row.id)),
  );
  return new Map(
    suspects.filter((id) => still.includes(id)).map((id) => [id, Math.round(clock.now() - since)]),
  );
}

export const NONE: ReadonlyMap<number, number> = new Map();

const withoutRow = (vars: TabletVars | null, ids: readonly number[]): readonly number[] =>
  vars === null || vars.type !== "PRIMARY"
    ? []
    : vars.streams.map(({ id }) => id).filter((id) => !ids.includes(id));
