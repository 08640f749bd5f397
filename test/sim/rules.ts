import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  KeyspaceRoutingRulesSchema,
  MirrorRulesSchema,
  ShardRoutingRulesSchema,
  SrvVSchemaSchema,
} from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import {
  keyspaceRoutingRulesKey,
  mirrorRulesKey,
  routingRulesKey,
  shardRoutingRulesKey,
} from "../../src/topology/paths.js";

interface Rules {
  readonly shards?: MessageInitShape<typeof ShardRoutingRulesSchema>["rules"];
  readonly keyspaces?: MessageInitShape<typeof KeyspaceRoutingRulesSchema>["rules"];
  readonly mirrors?: MessageInitShape<typeof MirrorRulesSchema>["rules"];
}

/** As Vitess's Apply...Rules of each kind that is given: the record, and every cell's SrvVSchema. */
export function applyRules(cluster: SimCluster, { shards, keyspaces, mirrors }: Rules): void {
  const { topology } = cluster;
  const { etcd, root } = topology.global;
  const shardRoutingRules = create(ShardRoutingRulesSchema, { rules: shards ?? [] });
  const keyspaceRoutingRules = create(KeyspaceRoutingRulesSchema, { rules: keyspaces ?? [] });
  const mirrorRules = create(MirrorRulesSchema, { rules: mirrors ?? [] });
  if (shards) etcd.put(shardRoutingRulesKey(root), toBinary(ShardRoutingRulesSchema, shardRoutingRules));
  if (keyspaces)
    etcd.put(keyspaceRoutingRulesKey(root), toBinary(KeyspaceRoutingRulesSchema, keyspaceRoutingRules));
  if (mirrors) etcd.put(mirrorRulesKey(root), toBinary(MirrorRulesSchema, mirrorRules));
  for (const cell of topology.cells) {
    const at = topology.srvVSchema(cell);
    const rules = { shardRoutingRules, mirrorRules, ...(keyspaces ? { keyspaceRoutingRules } : {}) };
    at.put({ ...(at.get() ?? create(SrvVSchemaSchema)), ...rules });
  }
}

/** What is left of rules: keys with something in them. */
export const ruleKeysLeft = (cluster: SimCluster): readonly string[] => {
  const { etcd, root } = cluster.topology.global;
  return [routingRulesKey, shardRoutingRulesKey, keyspaceRoutingRulesKey, mirrorRulesKey]
    .map((keyOf) => keyOf(root))
    .filter((key) => (etcd.get(key)?.value.length ?? 0) > 0);
};
