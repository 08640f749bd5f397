import { createServer, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Unanswered } from "../../cluster/outcome.js";
import type { TabletAddress } from "../../tablets/access.js";
import type { Protocol, TabletAnswers } from "./answers.js";
import { debugVars } from "./debug-vars.js";

/** vttablet's HTTP port, of which vtdoctor asks `/debug/vars`. */
export function tabletHttp({ reader }: TabletAnswers): Protocol {
  const called = new WeakMap<Socket, TabletAddress>();

  const answer = async (at: TabletAddress, response: ServerResponse): Promise<void> => {
    const vars = await reader.vars(at);
    if (vars.kind === "unanswered") return refuse(response, vars);
    const rows = vars.value.streams.length === 0 ? null : await reader.rows(at, "streams");
    const body = debugVars(vars.value, rows?.kind === "answered" ? rows.value : []);
    response.setHeader("Content-Type", "application/json; charset=utf-8").end(body);
  };

  const server = createServer((request, response) => {
    const at = called.get(request.socket);
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
