import type { Plan } from "../plan/plan.js";
import type { LockScope } from "../plan/refs.js";
import { lockDirectory } from "../topology/lock-target.js";
import type { HeldLock } from "./held-lock.js";
import { describeHolder } from "./lock-holder.js";
import { lockOrder, nameOfScope } from "./lock-order.js";
import { type Patience, takeLock } from "./locks.js";
import { globalRoot } from "./topo-roots.js";
import { type Known, known, refused } from "./verdict.js";
import type { World } from "./world.js";

/** Takes all locks of a stage in Vitess's order, or none. They live in the global topology. */
export async function takeLocks(
  scopes: readonly LockScope[],
  plan: Plan,
  world: World,
  patience: Patience,
): Promise<Known<readonly HeldLock[]>> {
  const { server, root } = globalRoot(plan.cluster);
  const taken: HeldLock[] = [];
  let complete = false;
  try {
    for (const scope of lockOrder(scopes)) {
      const name = nameOfScope(scope);
      const attempt = await takeLock(
        world.store(server),
        {
          name,
          directory: lockDirectory(root, scope),
          mustExist: scope.kind !== "workflow",
          action: `vtdoctor: ${plan.operation} ${plan.id}`,
        },
        world,
        patience,
      );
      if (attempt.kind === "busy") {
        return refused(
          `${name} is locked: ${describeHolder(attempt.holder)}; waited ${patience.timeoutMs / 1000} s (--lock-timeout)`,
        );
      }
      if (attempt.kind === "aborted") return refused(`interrupted while waiting for the lock on ${name}`);
      if (attempt.kind !== "held") return attempt;
      taken.push(attempt.lock);
      world.log({ kind: "lock-taken", lock: name });
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
