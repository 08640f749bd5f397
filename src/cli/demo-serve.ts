import { EXIT, UsageError } from "../cluster/errors.js";
import { brokenLab } from "../sim/lab.js";
import { type ServedCluster, serveCluster } from "../sim/serve/served-cluster.js";
import type { Request } from "./command.js";

const TABLETS = 8;

/** What `brokenLab` lets pass before it is handed over. */
const BEGINS_AGO_MS = 70_000;

/** A simulated cluster, broken, on ports of this machine, for the commands of another terminal; until Ctrl-C. */
export async function serve(request: Request): Promise<number> {
  const { terminal, signal } = request.context;
  const served = await listen(request);
  try {
    terminal.out(invitation(served));
    await ended(signal);
    return EXIT.ok;
  } finally {
    served.close();
  }
}

async function listen({ given, context }: Request): Promise<ServedCluster> {
  const firstPort = given.text("port") === undefined ? 0 : given.number("port");
  try {
    return await serveCluster({
      make: brokenLab,
      tablets: TABLETS,
      firstPort,
      clock: context.clock,
      beginsAgoMs: BEGINS_AGO_MS,
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`--port: ${message}; give another one, or leave it out to get free ports.`);
  }
}

const invitation = ({ etcdPort }: ServedCluster): string => {
  const line = (words: string, comment: string): string =>
    `    ${`vtdoctor ${words}`.padEnd(58)} # ${comment}`;
  return [
    "A simulated Vitess 19 listens on 127.0.0.1: etcd, vttablets (gRPC and HTTP) and their MySQLs.",
    "Its Reshard cancel of workflow customer.c2 deleted the target shards under their running tablets, a minute ago.",
    "Reshard product.p2 runs as it should. Type in another terminal:",
    "",
    `    export VTDOCTOR_TOPO_GLOBAL_SERVER_ADDRESS=127.0.0.1:${etcdPort}`,
    line("scan", "what is wrong; changes nothing"),
    line("explain shard-missing-live-tablets@customer/-80", "the proof"),
    line("fix --all --dry-run", "the plan, and nothing else yet"),
    line("fix --all", "the plan, a question, the repair, a new look"),
    line("scan --mysql-user demo", "asks the MySQLs too; they let everybody in"),
    line("cancel product.p2", "in the right order; copied tables are held"),
    line('query "SELECT alias, workflow, state FROM stream"', "your own questions"),
    "",
    "Ctrl-C ends it, and what you did to it is gone.",
  ].join("\n");
};

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
