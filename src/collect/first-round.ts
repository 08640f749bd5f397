import type { Outcome } from "../cluster/outcome.js";
import type { TabletIdentity, TabletVars } from "../tablets/access.js";
import type { Target } from "../witnesses/targets.js";
import { askGrpc, NOTHING_BY_GRPC } from "./ask-grpc.js";
import { askMysql } from "./ask-mysql.js";
import { answerOf, Interview } from "./interview.js";
import type { Round } from "./round.js";
import { NONE, rowlessStreams } from "./rowless.js";
import type { Sighting } from "./sighting.js";
import { isStranger, standingOf, whoOf } from "./standing.js";

/**
 * The first round at one address: who is there, and with which topology; then, of one of ours, its replication and its streams.
 * A process that does not even say who it is gets no second question over gRPC (a hanging vttablet costs one deadline), but its
 * MySQL may answer when it does not (docs/decisions.md#d9).
 */
export async function meet(target: Target, round: Round): Promise<Sighting> {
  const { tablets, clock } = round.sources;
  const interview = new Interview(target.address, target.required, clock);
  const identity = await (target.at.grpcPort > 0
    ? interview.ask("health", tablets.identity(target.at))
    : null);
  const vars = await askVars(target, identity, interview, round);
  const who = whoOf(identity, vars);
  const standing = await standingOf(target, who, vars, round);
  const observedAtMs = clock.now();
  const known = { target, who, standing, identity: answerOf(identity), vars, observedAtMs };
  if (standing !== "ours" && standing !== "silent") {
    return {
      ...known,
      status: null,
      mysql: null,
      byGrpc: false,
      rowless: NONE,
      empty: new Set(),
      facts: { probe: interview.probes },
    };
  }
  const [grpc, { mysql, rows }] = await Promise.all([
    standing === "ours" && answersGrpc(identity)
      ? askGrpc(target, who?.type === "PRIMARY", interview, round)
      : NOTHING_BY_GRPC,
    askMysql(target, who, interview, round),
  ]);
  return {
    ...known,
    rowless: grpc.streams ? await rowlessStreams(target, vars, grpc.rows, round.sources) : NONE,
    empty: grpc.empty,
    byGrpc: grpc.answers,
    status: grpc.status,
    mysql,
    facts: { probe: interview.probes, vreplication: [...grpc.rows, ...rows] },
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
