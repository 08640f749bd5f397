import { MessageChannel } from "node:worker_threads";
import { reshardingLab } from "../../src/sim/lab.js";
import type { TabletReader } from "../../src/tablets/access.js";
import { portReader, serveReader } from "../../src/tablets/port-reader.js";
import { tabletAccessContract } from "./tablet-access.js";

const asIs = (reader: TabletReader): TabletReader => reader;

/** Asked as the threads of a large scan are: every question and answer crosses a port. */
function throughPort(reader: TabletReader): TabletReader {
  const { port1, port2 } = new MessageChannel();
  serveReader(port2, reader);
  return portReader(port1, () => port1.close());
}

for (const [version, release, how, asked] of [
  ["24", "24.0.4", "", asIs],
  ["19", "19.0.10", "", asIs],
  ["24", "24.0.4", ", through a port", throughPort],
] as const)
  tabletAccessContract(`simulated vttablets, Vitess ${version}${how}`, async () => {
    const timeoutMs = 3000;
    const cluster = reshardingLab({ version: release, timeoutMs, mysqlCredentials: true });
    return {
      reader: asked(cluster.reader),
      writer: cluster.writer,
      clock: cluster.clock,
      timeoutMs,
      version,
      topoServer: cluster.topology.global.etcd.server,
      topoRoot: cluster.topology.global.root,
      primary: cluster.tablet("zone1-0000000200").address,
      replica: cluster.tablet("zone1-0000000201").address,
      nobody: {
        host: "127.0.0.1",
        grpcPort: 16999,
        httpPort: 15999,
        mysqlHost: "127.0.0.1",
        mysqlPort: 27999,
      },
      useTable: async (at) => {
        const leave = cluster.byGrpc(at.host, at.grpcPort)?.mysql.locks.hold(["vt_customer.customer"]);
        return async () => leave?.();
      },
      hang: async (at) => cluster.faults.hang(cluster.byGrpc(at.host, at.grpcPort)?.name ?? ""),
      stop: async () => {},
    };
  });
