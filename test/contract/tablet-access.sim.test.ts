import { reshardingLab } from "../../src/sim/lab.js";
import { tabletAccessContract } from "./tablet-access.js";

for (const [version, release] of [
  ["24", "24.0.4"],
  ["19", "19.0.10"],
] as const)
  tabletAccessContract(`simulated vttablets, Vitess ${version}`, async () => {
    const timeoutMs = 3000;
    const cluster = reshardingLab({ version: release, timeoutMs, mysqlCredentials: true });
    return {
      reader: cluster.reader,
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
      hang: async (at) => cluster.faults.hang(cluster.byGrpc(at.host, at.grpcPort)?.name ?? ""),
      stop: async () => {},
    };
  });
