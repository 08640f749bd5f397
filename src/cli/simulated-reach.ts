import type { SimCluster } from "../sim/cluster.js";
import type { Reach } from "./context.js";

/** A simulated cluster behind the same ports as a real one. */
export function simulatedReach(cluster: SimCluster): Reach {
  const { reader, writer, clock } = cluster;
  const close = () => {};
  return {
    sources: async () => ({ connect: (server) => cluster.connect(server), tablets: reader, clock, close }),
    ports: async (_, { ids, hostName, userName }, log) => ({
      store: (server) => cluster.connect(server),
      ...{
        reader,
        writer,
        hooks: cluster.hooks,
        vtctld: cluster.vtctld,
        clock,
        ids,
        hostName,
        userName,
        log,
        close,
      },
    }),
  };
}
