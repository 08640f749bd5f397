import { parseAlias } from "../cluster/alias.js";
import type { Outcome } from "../cluster/outcome.js";
import type { TabletIdentity, TabletVars } from "../tablets/access.js";
import type { Target } from "../witnesses/targets.js";
import { mysqlName } from "../witnesses/witness.js";
import { Interview } from "./interview.js";
import { DEFAULT_SIDECAR } from "./recorded.js";
import type { SameTopology } from "./same-topology.js";
import type { CollectSources } from "./settings.js";
import { vreplicationRow } from "./sidecar-facts.js";
import type { Sighting, Standing, Who } from "./sighting.js";

/** What every interview of one scan shares. */
export interface Round {
  readonly sources: CollectSources;
  readonly topology: SameTopology;
  readonly sidecars: ReadonlyMap<string, string>;
  readonly mysql: boolean;
  wanted(who: Who): boolean;
}

/**
 * The first round at one address: who is there, and with which topology; then, of one of ours, its replication and its streams.
 * A process that does not even say who it is gets no second question over gRPC (a hanging vttablet costs one deadline), but its
 * MySQL may answer when it does not (design D9).
 */
export async function meet(target: Target, round: Round): Promise<Sighting> {
  const { tablets, clock } = round.sources;
  const interview = new Interview(target.address, target.required, clock);
  const nobody = { target, identity: null, vars: null, status: null, mysql: null, byGrpc: false, who: null };
  const identity = await (target.at.grpcPort > 0
    ? interview.ask("health", tablets.identity(target.at))
    : null);
  const vars = await askVars(target, identity, interview, round);
  const who = whoOf(identity, vars);
  const standing = await standingOf(target, who, vars, round);
  const known = {
    ...nobody,
    who,
    standing,
    identity: answerOf(identity),
    vars,
    observedAtMs: clock.now(),
  };
  if (standing !== "ours" && standing !== "silent") return { ...known, facts: { probe: interview.probes } };
  const byGrpc = standing === "ours" && answersGrpc(identity);
  const [status, streams] = byGrpc
    ? await Promise.all([
        interview.ask("status", tablets.status(target.at)),
        interview.ask("streams", tablets.rows(target.at, "streams")),
      ])
    : [null, null];
  const now = Math.trunc(clock.now() / 1000);
  const grpcRows = (answerOf(streams) ?? []).map((row) => vreplicationRow(target.address, "grpc", row, now));
  const { mysql, rows } = await askMysql(target, who, interview, round);
  return {
    ...known,
    byGrpc,
    status: answerOf(status),
    mysql,
    facts: { probe: interview.probes, vreplication: [...grpcRows, ...rows] },
  };
}

/** HTTP is another port: it is asked unless the process hangs. What another tablet says on that port is not this one's word. */
async function askVars(
  target: Target,
  identity: Outcome<TabletIdentity> | null,
  interview: Interview,
  round: Round,
): Promise<TabletVars | null> {
  const hangs = identity?.kind === "unanswered" && identity.reason === "timeout";
  const said = answerOf(identity);
  if (target.at.httpPort === 0 || hangs || (said !== null && isStranger(target, said.alias))) return null;
  const vars = answerOf(await interview.ask("vars", round.sources.tablets.vars(target.at)));
  return said !== null && vars !== null && vars.alias !== said.alias ? null : vars;
}

/** An error of its own, or a service that it does not offer, still proves that somebody listens. */
const answersGrpc = (identity: Outcome<TabletIdentity> | null): boolean =>
  identity !== null &&
  (identity.kind === "answered" || identity.reason === "unsupported" || identity.reason === "failed");

const whoOf = (identity: Outcome<TabletIdentity> | null, vars: TabletVars | null): Who | null =>
  answerOf(identity) ?? vars;

async function standingOf(
  target: Target,
  who: Who | null,
  vars: TabletVars | null,
  round: Round,
): Promise<Standing> {
  if (who === null) return "silent";
  if (isStranger(target, who.alias)) return "stranger";
  if (vars !== null && (await round.topology.isForeign(vars.topoServer, vars.topoRoot))) return "foreign";
  return round.wanted(who) ? "ours" : "unwanted";
}

const isStranger = (target: Target, alias: string): boolean =>
  target.aliases.length > 0 && !target.aliases.includes(alias);

async function askMysql(
  target: Target,
  who: Who | null,
  interview: Interview,
  round: Round,
): Promise<{
  readonly mysql: Sighting["mysql"];
  readonly rows: readonly ReturnType<typeof vreplicationRow>[];
}> {
  if (!round.mysql || target.at.mysqlPort === 0 || target.at.mysqlHost === "")
    return { mysql: null, rows: [] };
  const { tablets, clock } = round.sources;
  const mysql = answerOf(await interview.ask("mysqlStatus", tablets.mysqlStatus(target.at)));
  if (mysql === null) return { mysql, rows: [] };
  const keyspace = who?.keyspace ?? target.keyspaces[0] ?? "";
  const sidecar = round.sidecars.get(keyspace) ?? DEFAULT_SIDECAR;
  const streams = await interview.ask("mysql", tablets.mysqlRows(target.at, "streams", sidecar));
  const address = who === null ? mysqlName(target.at) : target.address;
  const now = Math.trunc(clock.now() / 1000);
  return { mysql, rows: (answerOf(streams) ?? []).map((row) => vreplicationRow(address, "mysql", row, now)) };
}

/** The cell of the alias decides: a tablet lives in its own cell. */
export const cellOfAlias = (alias: string): string => parseAlias(alias)?.cell ?? "";

const answerOf = <T>(outcome: Outcome<T> | null): T | null =>
  outcome?.kind === "answered" ? outcome.value : null;
