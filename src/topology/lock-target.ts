import { joinKey } from "./join.js";

/** What one of Vitess's locks covers. `named` is one whose name is not that of a workflow. */
export type LockTarget =
  | { readonly kind: "keyspace"; readonly keyspace: string }
  | { readonly kind: "shard"; readonly keyspace: string; readonly shard: string }
  | { readonly kind: "workflow"; readonly keyspace: string; readonly workflow: string }
  | { readonly kind: "routing-rules" }
  | { readonly kind: "named"; readonly name: string };

/** The directory that a lock locks; its keys are `<directory>/locks/<lease id, decimal>` (docs/vitess.md#lock-protocol). */
export function lockDirectory(root: string, target: LockTarget): string {
  switch (target.kind) {
    case "keyspace":
      return joinKey(root, "keyspaces", target.keyspace);
    case "shard":
      return joinKey(root, "keyspaces", target.keyspace, "shards", target.shard);
    case "workflow":
      return joinKey(root, "internal/named_locks", target.keyspace, target.workflow);
    case "routing-rules":
      return joinKey(root, "routing_rules");
    case "named":
      return joinKey(root, "internal/named_locks", target.name);
  }
}

/** All holders and waiters of the lock; the one with the lowest create revision holds it. */
export const locksPrefix = (root: string, target: LockTarget): string =>
  `${joinKey(lockDirectory(root, target), "locks")}/`;

export const lockKey = (root: string, target: LockTarget, lease: string): string =>
  `${locksPrefix(root, target)}${lease}`;

/** The locks of every workflow whose target is the keyspace. */
export const workflowLocksPrefix = (root: string, keyspace: string): string =>
  `${joinKey(root, "internal/named_locks", keyspace)}/`;
