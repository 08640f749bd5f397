import type { Ports } from "../../src/apply/ports.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { TopologyStore } from "../../src/topology/store.js";

export interface Doctor extends Ports {
  readonly events: string[];
}

/** A vtdoctor process of its own in front of a simulated cluster. */
export function doctorAt(cluster: SimCluster, hostName = "doctor-1"): Doctor {
  const stores = new Map<string, TopologyStore>();
  const events: string[] = [];
  return {
    events,
    store(server) {
      const store = stores.get(server) ?? cluster.connect(server);
      stores.set(server, store);
      return store;
    },
    reader: cluster.reader,
    writer: cluster.writer,
    hooks: cluster.hooks,
    vtctld: cluster.vtctld,
    clock: cluster.clock,
    ids: () => "id1",
    hostName,
    userName: "operator",
    log: (event) => events.push(event.kind),
  };
}
