import type { Snapshot } from "../../../snapshot/snapshot.js";
import { shardKey, shardReplicationKey } from "../../../topology/paths.js";
import type { TabletRef } from "../../refs.js";
import type { DraftStep } from "../../steps/index.js";
import { keyFact } from "../../view/keys.js";
import { tabletRef } from "../../view/processes.js";
import { globalRoot } from "../../view/roots.js";
import { cells } from "../../view/shards.js";
import type { Returned } from "./inspect.js";
import { type Member, membersOf } from "./members.js";

type Remove = Extract<DraftStep, { kind: "record.remove" }>;

interface RecordOf {
  readonly of: Remove["of"];
  readonly server: string;
  readonly key: string;
  readonly recordedAt: string | null;
}

/** One step a record. */
export const removeSteps = (snapshot: Snapshot, shard: Returned): readonly Remove[] => {
  const members = membersOf(snapshot, shard);
  return recordsOf(snapshot, shard).map((record) => ({
    kind: "record.remove",
    ...record,
    keyspace: shard.keyspace,
    shard: shard.shard,
    members: members.map(({ alias }) => alias),
    ended: members.flatMap((member) => addressed(snapshot, shard, member)),
  }));
};

/** In the order in which Vitess deletes them: who finds a Tablet also finds its shard. */
export const recordsOf = (snapshot: Snapshot, shard: Returned): readonly RecordOf[] => {
  const { server, root } = globalRoot(snapshot);
  const tablets = membersOf(snapshot, shard).flatMap(({ record }) =>
    record === null
      ? []
      : [{ of: "Tablet", server: record.server, key: record.key, recordedAt: record.address } as const],
  );
  const others = [
    ...cells(snapshot).map((cell) => ({
      of: "ShardReplication" as const,
      server: cell.server,
      key: shardReplicationKey(cell.root, shard.keyspace, shard.shard),
      recordedAt: null,
    })),
    {
      of: "Shard" as const,
      server,
      key: shardKey(root, shard.keyspace, shard.shard),
      recordedAt: null,
    },
  ];
  return [...tablets, ...others.filter(({ server, key }) => keyFact(snapshot, server, key) !== null)];
};

/** Where a process of the tablet ran: one that answered, or one that its record still names. */
const addressed = (snapshot: Snapshot, shard: Returned, { alias, process, record }: Member): TabletRef[] => {
  if (process !== null) return [tabletRef(snapshot, process)];
  if (record === null || record.address === "") return [];
  const { type, host, grpcPort, httpPort, mysqlHost, mysqlPort } = record;
  const address = { host, grpcPort, httpPort, mysqlHost, mysqlPort };
  return [{ alias, keyspace: shard.keyspace, shard: shard.shard, type, address }];
};
