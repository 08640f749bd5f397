import { type Derived, type Facts, metaValue } from "../facts.js";
import type { DeniedTableRow } from "../gen/tables.js";
import { deriveCancelledTargets } from "./cancelled-target.js";
import { deriveServingGraph, deriveShardReplication, deriveTablets } from "./cell-records.js";
import { Decoding, undecodableNames } from "./decoding.js";
import { deletedDatabases, deriveDeletions } from "./deletion.js";
import {
  deriveCellAliases,
  deriveCells,
  deriveKeyspaces,
  deriveMetadata,
  deriveShards,
} from "./global-records.js";
import { deriveJournalNames, deriveJournals } from "./journal.js";
import { indexKeys } from "./located-key.js";
import { deriveLocks } from "./locks.js";
import { deriveOperations } from "./operation.js";
import { deriveQueryPaths } from "./paths/query-path.js";
import { deriveProcesses } from "./process.js";
import { rangeFaults } from "./range-fault.js";
import { restoredTopology } from "./restored-topology.js";
import { deriveStreams } from "./stream.js";
import { switchLookups } from "./switch-lookups.js";
import { deriveUnanswered } from "./unanswered.js";
import { deriveVSchemas } from "./vschema-records.js";
import { deriveWorkflows, workflowShards } from "./workflow.js";

/** Every derived table of `schema.sql`, from the facts alone, whose rows come in the order of their keys: no clock, no randomness. */
export const derive = (facts: Facts): Derived => {
  const records = deriveRecords(facts);
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
    ...streams,
    process,
    deletion,
    workflow,
    switch_sign,
    cancelled_target: deriveCancelledTargets(facts, {
      ...streams,
      process,
      deletion,
      workflow,
      shard: records.shard,
    }),
    journal: deriveJournals(facts, process, streams.stream, workflow),
    ...journals,
    range_fault: rangeFaults(records),
    operation: deriveOperations(records.topo_lock, workflow, takenAt(facts)),
    unanswered: deriveUnanswered(facts, records.tablet, records.keyspace),
    restored_topology: restoredTopology(facts, { process, deletion, shard: records.shard, ...journals }),
    ...deriveQueryPaths({ ...facts, ...records, process }),
  };
};

/** The part of it that tells where queries lead: cheaper by far where it is asked for again and again. */
export const deriveRouting = (facts: Facts, heeded: readonly DeniedTableRow[]) => {
  const records = deriveRecords(facts);
  const process = deriveProcesses(facts, {
    ...topologyKnown(facts, records),
    shards: records.shard,
    deletedDatabases: deletedDatabases(facts),
  });
  const denied_table = [...records.denied_table, ...heeded];
  const { srv_partition, shard_routing_rule } = records;
  return {
    srv_partition,
    shard_routing_rule,
    ...deriveQueryPaths({ ...facts, ...records, process, denied_table }),
  };
};

const deriveRecords = (facts: Facts) => {
  const keys = indexKeys(facts);
  const decoding = new Decoding();
  const records = {
    cell: deriveCells(facts, keys, decoding),
    cell_alias: deriveCellAliases(keys, decoding),
    keyspace: deriveKeyspaces(keys, decoding),
    ...deriveShards(keys, decoding),
    tablet: deriveTablets(keys, decoding),
    shard_replication: deriveShardReplication(keys, decoding),
    ...deriveServingGraph(keys, decoding),
    ...deriveVSchemas(keys, decoding),
    topo_lock: deriveLocks(facts, keys, takenAt(facts)),
    vitess_metadata: deriveMetadata(keys),
  };
  return { ...records, undecodable_key: decoding.undecodable };
};

const topologyKnown = (facts: Facts, records: ReturnType<typeof deriveRecords>) => ({
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
