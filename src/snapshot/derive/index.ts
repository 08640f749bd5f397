import type { TopoKey } from "../../topology/paths.js";
import { type Derived, type Facts, metaValue } from "../facts.js";
import type { DeniedTableRow, TopoKeyRow, UndecodableKeyRow } from "../gen/tables.js";
import { deriveCancelledTargets } from "./cancelled-target.js";
import { deriveServingGraph, deriveShardReplication, deriveTablets } from "./cell-records.js";
import { Decoding, undecodableNames } from "./decoding.js";
import { deletedDatabases, deriveDeletions } from "./deletion.js";
import {
  deriveCellAliases,
  deriveCells,
  deriveEmergencyReparentOff,
  deriveExternalClusters,
  deriveKeyspaces,
  deriveMetadata,
  deriveShards,
} from "./global-records.js";
import { deriveJournalNames, deriveJournals } from "./journal.js";
import { indexKeys, type KeyIndex, type LocatedKey } from "./located-key.js";
import { deriveLocks } from "./locks.js";
import { deriveOperations } from "./operation.js";
import { deriveQueryPaths } from "./paths/query-path.js";
import { deriveProcesses } from "./process.js";
import { rangeFaults } from "./range-fault.js";
import { anew, type Remember } from "./remember.js";
import { deriveErrantGtids, deriveExternalReplication } from "./replication.js";
import { restoredTopology } from "./restored-topology.js";
import { deriveStrayKeys, deriveUnrecordedDirectories } from "./stray-keys.js";
import { deriveStreams } from "./stream.js";
import { switchLookups } from "./switch-lookups.js";
import { deriveTableVariants } from "./table-variant.js";
import { deriveUnanswered } from "./unanswered.js";
import { deriveVSchemas, VSCHEMA_KINDS } from "./vschema-records.js";
import { deriveWorkflows, workflowShards } from "./workflow.js";
import { deriveWorkflowTraffic } from "./workflow-traffic.js";

/** Every derived table of `schema.sql`, from the facts alone, whose rows come in the order of their keys: no clock, no randomness. */
export const derive = (facts: Facts): Derived => {
  const keys = indexKeys(facts);
  const { shard_range, tablet_range, ...records } = deriveRecords(facts, keys);
  const topology = topologyKnown(facts, records);
  const process = deriveProcesses(facts, {
    ...topology,
    shards: records.shard,
    deletedDatabases: deletedDatabases(facts),
  });
  const streams = deriveStreams(facts, process);
  const deletion = deriveDeletions(facts, workflowShards(streams.stream));
  const lookups = switchLookups(facts, { ...records, ...streams, process, topology });
  const { workflow, switch_sign } = deriveWorkflows(facts, streams.stream, process, lookups);
  const journals = deriveJournalNames(facts);
  return {
    ...records,
    range_mismatch: [...shard_range, ...tablet_range],
    stray_key: deriveStrayKeys(facts, keys),
    unrecorded_directory: deriveUnrecordedDirectories(facts),
    ...streams,
    process,
    deletion,
    workflow,
    switch_sign,
    ...deriveWorkflowTraffic(facts, { ...records, ...streams, workflow, switch_sign }),
    cancelled_target: deriveCancelledTargets(facts, {
      ...streams,
      process,
      deletion,
      workflow,
      shard: records.shard,
    }),
    journal: deriveJournals(facts, process, streams.stream, workflow),
    ...journals,
    external_replication: deriveExternalReplication(facts),
    errant_gtid: deriveErrantGtids(facts, process, records.shard),
    range_fault: rangeFaults(records),
    table_variant: deriveTableVariants(facts, process, records.shard),
    operation: deriveOperations(records.topo_lock, workflow, takenAt(facts)),
    unanswered: deriveUnanswered(facts, records.tablet, records.keyspace),
    restored_topology: restoredTopology(facts, { process, deletion, shard: records.shard, ...journals }),
    ...deriveQueryPaths({ ...facts, ...records, process }),
  };
};

/**
 * The part of it that tells where queries lead: cheaper by far where it is asked for again and again. `remember`: of the looks before, at
 * facts that share most of their rows with these.
 */
export const deriveRouting = (facts: Facts, heeded: readonly DeniedTableRow[], remember: Remember = anew) => {
  const located =
    remember === anew
      ? undefined
      : remember("located", [facts.topo_root], () => new WeakMap<TopoKeyRow, readonly LocatedKey[]>());
  const records = deriveRecords(facts, indexKeys(facts, located), remember);
  const topology = topologyKnown(facts, records);
  const process = remember(
    "process",
    [
      ...[facts.live_tablet, facts.witness, facts.vreplication, facts.topo_root, facts.topo_server],
      ...[facts.topo_history, topology.cells, topology.tablets, records.shard, records.undecodable_key],
    ],
    () =>
      deriveProcesses(facts, {
        ...topology,
        shards: records.shard,
        deletedDatabases: deletedDatabases(facts),
      }),
  );
  const { srv_partition, shard_routing_rule } = records;
  const denied_table = [...records.denied_table, ...heeded];
  const { query_path } = deriveQueryPaths({ ...facts, ...records, process, denied_table }, remember);
  return { srv_partition, shard_routing_rule, query_path };
};

const deriveRecords = (facts: Facts, keys: KeyIndex, remember: Remember = anew) => {
  const undecodable: (readonly UndecodableKeyRow[])[] = [];
  const of = <Kind extends TopoKey["kind"], T>(
    kinds: readonly Kind[],
    make: (keys: KeyIndex<Kind>, decoding: Decoding) => T,
    others: readonly (readonly unknown[])[] = [],
  ): T => {
    const made = remember(kinds.join(), [...kinds.map((kind) => keys.of(kind)), ...others], () => {
      const decoding = new Decoding();
      const records = make(keys, decoding);
      return { records, undecodable: decoding.undecodable };
    });
    undecodable.push(made.undecodable);
    return made.records;
  };
  const { topo_history, topo_server, topo_root } = facts;
  const records = {
    cell: of(["cell-info"], (...from) => deriveCells(facts, ...from), [topo_history, topo_server, topo_root]),
    cell_alias: of(["cells-alias"], deriveCellAliases),
    external_cluster: of(["external-cluster"], deriveExternalClusters),
    ...of(["keyspace"], deriveKeyspaces),
    ...of(["shard"], deriveShards),
    emergency_reparent_off: of(["keyspace", "shard"], deriveEmergencyReparentOff),
    ...of(["tablet"], deriveTablets),
    shard_replication: of(["shard-replication"], deriveShardReplication),
    ...of(["srv-keyspace"], (...from) => deriveServingGraph(...from, remember)),
    ...of(VSCHEMA_KINDS, deriveVSchemas),
    topo_lock: deriveLocks(facts, keys, takenAt(facts)),
    vitess_metadata: deriveMetadata(keys),
  };
  const undecodable_key = remember("undecodable", undecodable, () => distinctKeys(undecodable.flat()));
  return { ...records, undecodable_key };
};

/** A key may be a record of two kinds, under two roots. */
const distinctKeys = (rows: readonly UndecodableKeyRow[]): readonly UndecodableKeyRow[] => [
  ...new Map(rows.map((row) => [`${row.server} ${row.key}`, row])).values(),
];

const topologyKnown = (
  facts: Facts,
  records: Omit<ReturnType<typeof deriveRecords>, "shard_range" | "tablet_range">,
) => ({
  globalAnswered: globalAnswered(facts),
  cells: records.cell,
  tablets: records.tablet,
  undecodable: undecodableNames(facts, records.undecodable_key),
});

const globalAnswered = (facts: Facts): boolean => {
  const global = facts.topo_root.find(({ name }) => name === "global");
  return facts.topo_server.some(({ server, answered }) => server === global?.server && answered === 1);
};

/** Unix seconds; 0 where the facts do not say when they were taken, which makes every lock's own clock useless. */
const takenAt = (facts: Facts): number => Math.floor(Number(metaValue(facts, "taken_at_ms") ?? 0) / 1000);
