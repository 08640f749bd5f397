import type { ApplyEvent, Ports } from "../apply/ports.js";
import type { Connection } from "../config/settings.js";
import { createTabletReader } from "../tablets/reader.js";
import { createVtctld } from "../tablets/vtctld.js";
import { createTabletWriter } from "../tablets/writer.js";
import { connectEtcdStore } from "../topology/etcd-store.js";
import type { TopologyStore } from "../topology/store.js";
import type { Context } from "./context.js";
import { hooks } from "./hooks.js";
import { tabletOptions } from "./tablet-options.js";

/** A real cluster's write side; `close` lets the process end. */
export function realWorld(
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
