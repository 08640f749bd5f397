import type { Facts } from "../../snapshot/facts.js";
import type { TopoKeyRow, TopoServerRow } from "../../snapshot/gen/tables.js";
import type { Entry } from "../../topology/store.js";
import type { ServerReading, TopologyReading } from "./servers.js";

/** The topology's part of the facts, `horizon` aside, which only history knows. */
export const topologyFacts = (
  topology: TopologyReading,
): Pick<Facts, "topo_server" | "topo_root" | "topo_key" | "topo_lease"> => ({
  topo_server: topology.servers.map(serverRow),
  topo_root: topology.roots,
  topo_key: topology.servers.flatMap(({ server, entries }) =>
    [...entries.values()].map((entry) => keyRow(server, entry)),
  ),
  topo_lease: topology.leases,
});

const serverRow = (reading: ServerReading): TopoServerRow => ({
  server: reading.server,
  cluster_id: reading.clusterId,
  version: reading.version,
  revision: reading.revision,
  horizon: null,
  answered: reading.failure === null ? 1 : 0,
  reason: reading.failure?.reason ?? null,
  message: reading.failure?.message ?? null,
});

const keyRow = (server: string, entry: Entry): TopoKeyRow => ({
  server,
  key: entry.key,
  value: entry.value,
  create_revision: entry.createRevision,
  mod_revision: entry.modRevision,
  version: entry.version,
  lease: entry.lease,
});
