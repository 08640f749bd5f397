import type { LockScope } from "../../plan/fields.js";
import type { Plan } from "../../plan/plan.js";
import { lockDirectory } from "../../topology/paths.js";
import { type Known, known, refused } from "../check.js";
import type { Ports } from "../ports.js";
import { globalRoot } from "../records/topo-roots.js";
import { describeHolder, type HeldLock } from "./held-lock.js";
import { type LockWait, takeLock } from "./take-lock.js";

/** Takes all locks of a stage in Vitess's order, or none. They live in the global topology. */
export async function takeLocks(
  scopes: readonly LockScope[],
  plan: Plan,
  ports: Ports,
  wait: LockWait,
): Promise<Known<readonly HeldLock[]>> {
  const { server, root } = globalRoot(plan.cluster);
  const taken: HeldLock[] = [];
  let complete = false;
  try {
    for (const scope of lockOrder(scopes)) {
      const name = nameOfScope(scope);
      const attempt = await takeLock(
        ports.store(server),
        {
          name,
          directory: lockDirectory(root, scope),
          mustExist: scope.kind !== "workflow",
          action: `vtdoctor: ${plan.operation} ${plan.id}`,
        },
        ports,
        wait,
      );
      if (attempt.kind === "busy") {
        return refused(
          `${name} is locked: ${describeHolder(attempt.holder)}; waited ${wait.timeoutMs / 1000} s (--lock-timeout)`,
        );
      }
      if (attempt.kind === "aborted") return refused(`interrupted while waiting for the lock on ${name}`);
      if (attempt.kind !== "held") return attempt;
      taken.push(attempt.lock);
      ports.log({ kind: "lock-taken", lock: name });
    }
    complete = true;
    return known(taken);
  } finally {
    if (!complete) await releaseLocks(taken);
  }
}

/** In the opposite order. A lease that can not be revoked now ends by itself within its TTL. */
export async function releaseLocks(locks: readonly HeldLock[]): Promise<void> {
  for (const lock of locks.toReversed()) await lock.release();
}

const RANK: Readonly<Record<LockScope["kind"], number>> = { workflow: 0, keyspace: 1, shard: 2 };

/** Vitess's order, against deadlock with vtctld (docs/vitess.md#lock-order): keyspaces stay as the plan has them, source first. */
function lockOrder(scopes: readonly LockScope[]): readonly LockScope[] {
  const distinct = new Map(scopes.map((scope) => [nameOfScope(scope), scope] as const));
  return [...distinct.values()].sort((one, other) => RANK[one.kind] - RANK[other.kind]);
}

/** As a person knows it. */
function nameOfScope(scope: LockScope): string {
  switch (scope.kind) {
    case "workflow":
      return `workflow ${scope.keyspace}.${scope.workflow}`;
    case "keyspace":
      return `keyspace ${scope.keyspace}`;
    case "shard":
      return `shard ${scope.keyspace}/${scope.shard}`;
  }
}
