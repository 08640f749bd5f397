import type { CollectSources } from "../../collect/collect.js";
import type { Connection } from "../../config/settings.js";
import { connectEtcdReader } from "../../topology/etcd-reader.js";
import type { Context } from "../command.js";
import { tabletOptions, threadedReader } from "./tablet-threads.js";

/** A real cluster's read side; `close` lets the process end. */
export function networkReadSide(
  connection: Connection,
  context: Context,
  quiet: boolean,
): CollectSources & { close(): void } {
  const { reader: tablets, expecting } = threadedReader(tabletOptions(connection), context.clock);
  const etcd = { timeoutMs: connection.timeoutMs, tls: connection.etcdTls };
  return {
    connect: (server) => connectEtcdReader(server, etcd, context.clock),
    tablets,
    clock: context.clock,
    progress: (text) => {
      if (!quiet) context.terminal.progress(text);
    },
    expecting,
    close: () => tablets.close(),
  };
}
