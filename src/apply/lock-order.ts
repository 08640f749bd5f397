import type { LockScope } from "../plan/refs.js";

const RANK: Readonly<Record<LockScope["kind"], number>> = { workflow: 0, keyspace: 1, shard: 2 };

/** Vitess's order, against deadlock with vtctld (docs/vitess.md#lock-order): keyspaces stay as the plan has them, source first. */
export function lockOrder(scopes: readonly LockScope[]): readonly LockScope[] {
  const distinct = new Map(scopes.map((scope) => [nameOfScope(scope), scope] as const));
  return [...distinct.values()].sort((one, other) => RANK[one.kind] - RANK[other.kind]);
}

/** As a person knows it. */
export function nameOfScope(scope: LockScope): string {
  switch (scope.kind) {
    case "workflow":
      return `workflow ${scope.keyspace}.${scope.workflow}`;
    case "keyspace":
      return `keyspace ${scope.keyspace}`;
    case "shard":
      return `shard ${scope.keyspace}/${scope.shard}`;
  }
}
