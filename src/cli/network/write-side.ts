import { execFile } from "node:child_process";
import type { ApplyEvent, Hooks, Ports } from "../../apply/ports.js";
import { answered, type Outcome, unanswered } from "../../cluster/outcome.js";
import type { Connection } from "../../config/settings.js";
import { createTabletReader } from "../../tablets/reader.js";
import { createVtctld } from "../../tablets/vtctld.js";
import { createTabletWriter } from "../../tablets/writer.js";
import { connectEtcdStore } from "../../topology/etcd-store.js";
import type { TopologyStore } from "../../topology/store.js";
import type { Context } from "../command.js";
import { tabletOptions } from "./tablet-threads.js";

/** A real cluster's write side; `close` lets the process end. */
export function networkWriteSide(
  connection: Connection,
  context: Context,
  log: (event: ApplyEvent) => void,
): Ports & { close(): void } {
  const { clock, ids, hostName, userName } = context;
  const options = tabletOptions(connection);
  const writing = { ...options, timeoutMs: connection.writeTimeoutMs };
  const [reader, writer] = [createTabletReader(options, clock), createTabletWriter(writing, clock)];
  const stores = new Map<string, TopologyStore>();
  const store = (server: string): TopologyStore => {
    const known = stores.get(server);
    if (known !== undefined) return known;
    const opened = connectEtcdStore(
      server,
      { timeoutMs: connection.timeoutMs, tls: connection.etcdTls },
      clock,
    );
    stores.set(server, opened);
    return opened;
  };
  const vtctld =
    connection.vtctld && createVtctld({ ...connection.vtctld, staticAuth: connection.staticAuth }, clock);
  const close = () => {
    vtctld?.close();
    for (const each of stores.values()) each.close();
    reader.close();
    writer.close();
  };
  return { store, reader, writer, hooks, vtctld, clock, ids, hostName, userName, log, close };
}

/** Long enough for a graceful end of a process on another host. */
const TIMEOUT_MS = 120_000;

/** The operator's own programs, on this machine. */
export const hooks: Hooks = {
  run: ([program = "", ...words]) =>
    new Promise<Outcome<null>>((resolve) => {
      execFile(program, words, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        if (error === null) return resolve(answered(null));
        const said = (stderr || stdout || error.message).trim();
        const how = error.killed ? `no end within ${TIMEOUT_MS / 1000} s` : `exit ${error.code ?? "unknown"}`;
        resolve(unanswered("failed", `${how}: ${said}`));
      });
    }),
};
