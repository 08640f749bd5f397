import { create } from "@bufbuild/protobuf";
import { formatAlias, parseAlias } from "../../cluster/alias.js";
import { distinct } from "../../cluster/distinct.js";
import {
  type ShardReplication_Node as Node,
  ShardReplication_NodeSchema,
  ShardReplicationSchema,
} from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShardReplication } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import { base64, keyFact, type ShardRef } from "../facts/topology.js";
import { filled } from "../fields.js";
import { shardReplication as shardReplicationShape } from "../named-key.js";
import { mergeNamed, recordType, written } from "./record-type.js";

export const shardReplication = recordType({
  kind: "shard-replication",
  scope: { keyspace: filled, shard: filled },
  schema: ShardReplicationSchema,
  key: shardReplicationShape,
  name: ({ keyspace, shard }) => `the ShardReplication record of ${keyspace}/${shard}`,
  subject: ({ keyspace, shard }) => `ShardReplication-${keyspace}-${shard}`,
  absent: "absent",
  says: ({ nodes }) => `it lists ${nodes.map(nameOf).toSorted().join(", ") || "nobody"}`,
  parts: {
    nodes: {
      changes: ({ keyspace, shard }, before, after) => {
        const [added, taken] = [extra(after, before), extra(before, after)];
        return [
          ...(added.length === 0 ? [] : [`lists ${added.join(", ")} as of ${keyspace}/${shard}`]),
          ...(taken.length === 0
            ? []
            : [`takes ${taken.join(", ")} off the tablets listed of ${keyspace}/${shard}`]),
        ];
      },
      what: ({ keyspace, shard }) => `the tablets listed of ${keyspace}/${shard}`,
      merge: mergeNamed(
        nameOf,
        () => true,
        (aliases) => `${aliases.join(", ")} was listed or taken off since`,
      ),
    },
  },
  /** What it lists is derived from the Tablet records, and asked anew at each start of a tablet. */
  consent: (_, after) => (after === null ? "confirm" : "safe"),
});

function nameOf({ tabletAlias }: Node): string {
  return tabletAlias === undefined ? "" : formatAlias(tabletAlias);
}

/** What is more often in one than in the other. */
const extra = (one: readonly Node[], other: readonly Node[]): readonly string[] => {
  const count = (nodes: readonly Node[], name: string): number =>
    nodes.filter((node) => nameOf(node) === name).length;
  return distinct(one.map(nameOf))
    .filter((name) => count(one, name) > count(other, name))
    .toSorted();
};

/** The write by which each of `tablets` is listed once, or not at all; none where it is so already. */
export const listTablets = (
  snapshot: Snapshot,
  { keyspace, shard, server, key }: ShardRef & { readonly server: string; readonly key: string },
  tablets: readonly { readonly alias: string; readonly belongs: boolean }[],
): readonly DraftStep[] => {
  const fact = keyFact(snapshot, server, key);
  const decoded = fact === null ? null : decodeShardReplication(fact.value);
  if (decoded?.kind === "unanswered") return [];
  const record = decoded?.value ?? create(ShardReplicationSchema);
  const first = (node: Node, at: number): boolean =>
    record.nodes.findIndex((other) => nameOf(other) === nameOf(node)) === at;
  const kept = record.nodes.filter((node, at) => {
    const named = tablets.find(({ alias }) => alias === nameOf(node));
    return named === undefined || (named.belongs && first(node, at));
  });
  const missing = tablets
    .filter(({ alias, belongs }) => belongs && !record.nodes.some((node) => nameOf(node) === alias))
    .flatMap(({ alias }) => parseAlias(alias) ?? [])
    .map((tabletAlias) => create(ShardReplication_NodeSchema, { tabletAlias }));
  const after = written(shardReplication, { ...record, nodes: [...kept, ...missing] });
  const before = fact === null ? null : base64(fact.value);
  if (after === before) return [];
  return [
    {
      kind: "record.write",
      record: { kind: "shard-replication", keyspace, shard },
      ...{ server, key, modRevision: fact?.modRevision ?? 0, before, after },
    },
  ];
};
