import { createServer, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { parseAlias } from "../../cluster/alias.js";
import type { Unanswered } from "../../cluster/outcome.js";
import { VReplicationWorkflowType } from "../../proto/gen/binlogdata_pb.js";
import type { EngineStream, SidecarRow, TabletAddress, TabletVars } from "../../tablets/access.js";
import { DENY_LIST } from "../../tablets/query-rules.js";
import type { Protocol, TabletAnswers } from "./answers.js";

/** vttablet's HTTP port, of which vtdoctor asks `/debug/vars` and `/debug/query_rules`. */
export function tabletHttp({ reader }: TabletAnswers): Protocol {
  const called = new WeakMap<Socket, TabletAddress>();

  const answer = async (at: TabletAddress, response: ServerResponse): Promise<void> => {
    const vars = await reader.vars(at);
    if (vars.kind === "unanswered") return refuse(response, vars);
    const rows = vars.value.streams.length === 0 ? null : await reader.rows(at, "streams");
    const body = debugVars(vars.value, rows?.kind === "answered" ? rows.value : []);
    response.setHeader("Content-Type", "application/json; charset=utf-8").end(body);
  };

  const answerRules = async (at: TabletAddress, response: ServerResponse): Promise<void> => {
    const denied = await reader.deniedTables(at);
    if (denied.kind === "unanswered") return refuse(response, denied);
    const rules =
      denied.value.length === 0
        ? []
        : [
            {
              Description: "enforce denied tables",
              Name: "denied_table",
              TableNames: denied.value,
              Action: "FAIL_RETRY",
            },
          ];
    response
      .setHeader("Content-Type", "application/json; charset=utf-8")
      .end(JSON.stringify({ [DENY_LIST]: rules }));
  };

  const server = createServer((request, response) => {
    const at = called.get(request.socket);
    if (at !== undefined && request.url === "/debug/query_rules") {
      void answerRules(at, response);
      return;
    }
    if (at === undefined || request.url !== "/debug/vars") {
      // As vttablet does with every path that it does not know.
      response.writeHead(302, { Location: "/debug/status" }).end();
      return;
    }
    void answer(at, response);
  });
  return {
    welcome: (socket, at) => {
      called.set(socket, at);
      server.emit("connection", socket);
    },
    close: () => server.close(),
  };
}

function refuse(response: ServerResponse, { reason, message }: Unanswered): void {
  if (reason === "timeout") return;
  if (reason === "unreachable") response.destroy();
  else response.writeHead(reason === "denied" ? 401 : 500).end(message);
}

/**
 * The body of `/debug/vars`, as far as vtdoctor reads it, in the shape of the tablet's own version: v24 names the type of a workflow in
 * the labels and publishes `VReplicationConfig`, v19 does neither (docs/vitess.md#debug-vars). `rows`: of `_vt.vreplication`, for the
 * types.
 */
export function debugVars(vars: TabletVars, rows: readonly SidecarRow[]): string {
  const modern = Number.parseInt(vars.buildVersion, 10) >= 20;
  const types = new Map(rows.map((row) => [Number(row.id), Number(row.workflow_type)]));
  const labels = ({ id, workflow }: EngineStream): string =>
    modern ? `${workflow}.${VReplicationWorkflowType[types.get(id) ?? 0]}.${id}` : `${workflow}.${id}`;
  const published = (entry: (stream: EngineStream) => readonly [string | number, unknown]) =>
    Object.fromEntries(vars.streams.map(entry));
  return JSON.stringify({
    BuildVersion: vars.buildVersion,
    TabletAlias: vars.alias,
    TabletKeyRangeEnd: vars.keyRangeEnd,
    TabletKeyRangeStart: vars.keyRangeStart,
    TabletKeyspace: vars.keyspace,
    TabletShard: vars.shard,
    TabletStateName: vars.stateName,
    TabletType: vars.type.toLowerCase(),
    ...(modern ? { VReplicationConfig: published(({ id, workflow }) => [`${workflow}.${id}`, "{}"]) } : {}),
    VReplicationHeartbeat: published((stream) => [
      `${stream.source.replace("/", ".")}.${labels(stream)}`,
      stream.heartbeat,
    ]),
    VReplicationMessages: published(({ id, lastMessage, heartbeat }) => [
      id,
      lastMessage === "" ? "" : `${new Date(heartbeat * 1000).toISOString()}:${lastMessage}`,
    ]),
    VReplicationSource: published(({ id, source }) => [id, source]),
    VReplicationSourceTablet: published(({ id, sourceTablet }) => [id, prototextOf(sourceTablet)]),
    VReplicationStreamCount: vars.streams.length,
    VReplicationStreamState: published((stream) => [labels(stream), stream.state]),
    VStreamerCount: vars.vstreamers,
    cmdline: JSON.parse(vars.commandLineJson),
  });
}

const prototextOf = (name: string): string => {
  const alias = parseAlias(name);
  return alias === null ? name : `cell:"${alias.cell}" uid:${alias.uid}`;
};
