import { type Alias, formatAlias } from "../cluster/alias.js";
import { joinKey } from "./join.js";

export { classifyKey, type TopoKey } from "./classify.js";
export { joinKey, rootPrefix } from "./join.js";
export { type LockTarget, lockDirectory, lockKey, locksPrefix, workflowLocksPrefix } from "./lock-target.js";

/*
 * Every key that Vitess writes and vtdoctor names (go/vt/topo/server.go:73-103 v24; docs/vitess.md#keys). `root` is the global
 * root for the first group and the cell's root for the second; roots may be equal, the names do not collide.
 */

export const cellInfoKey = (root: string, cell: string): string => joinKey(root, "cells", cell, "CellInfo");
export const keyspaceKey = (root: string, keyspace: string): string =>
  joinKey(root, "keyspaces", keyspace, "Keyspace");
export const vschemaKey = (root: string, keyspace: string): string =>
  joinKey(root, "keyspaces", keyspace, "VSchema");
export const shardKey = (root: string, keyspace: string, shard: string): string =>
  joinKey(root, "keyspaces", keyspace, "shards", shard, "Shard");
export const routingRulesKey = (root: string): string => joinKey(root, "RoutingRules");
export const shardRoutingRulesKey = (root: string): string => joinKey(root, "ShardRoutingRules");
export const keyspaceRoutingRulesKey = (root: string): string =>
  joinKey(root, "routing_rules", "keyspace", "Rules");
export const mirrorRulesKey = (root: string): string => joinKey(root, "MirrorRules");

export const tabletKey = (root: string, alias: Alias): string =>
  joinKey(root, "tablets", formatAlias(alias), "Tablet");
export const shardReplicationKey = (root: string, keyspace: string, shard: string): string =>
  joinKey(root, "keyspaces", keyspace, "shards", shard, "ShardReplication");
export const srvKeyspaceKey = (root: string, keyspace: string): string =>
  joinKey(root, "keyspaces", keyspace, "SrvKeyspace");
export const srvVSchemaKey = (root: string): string => joinKey(root, "SrvVSchema");
