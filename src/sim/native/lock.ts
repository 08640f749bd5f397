import { formatLockBody } from "../../topology/lock-body.js";
import { type LockTarget, lockDirectory, lockKey, locksPrefix } from "../../topology/paths.js";
import { atLeast, type VitessVersion } from "../stream-row.js";
import { type Native, refuse, type Vitess } from "./operation.js";

/** `--topo_etcd_lease_ttl`, and `NamedLockTTL` of v21 and later (docs/vitess.md#lock-protocol). */
const LOCK_TTL = 30;
const NAMED_LOCK_TTL = 86_400;

export interface LockOptions {
  readonly target: LockTarget;
  readonly action: string;
  readonly version: VitessVersion;
  readonly ttl?: number;
  /** Who holds it; a vttablet names its own. */
  readonly hostName?: string;
  readonly userName?: string;
}

/** Does `body` under one of Vitess's locks. An operation that is stopped inside leaves the lock to its lease, as a dead vtctld does. */
export function* underLock<T>(cluster: Vitess, options: LockOptions, body: () => Native<T>): Native<T> {
  const { etcd, root } = cluster.topology.global;
  const { target } = options;
  const isNamed = target.kind === "workflow" || target.kind === "named";
  const directory = lockDirectory(root, target);
  if (!isNamed && !cluster.topology.exists(directory)) return refuse(`node doesn't exist: ${directory}`);
  if (etcd.any(locksPrefix(root, target)))
    return refuse(`deadline exceeded: ${locksPrefix(root, target).slice(0, -1)}`);
  const lease = etcd.grant(options.ttl ?? (isNamed ? NAMED_LOCK_TTL : LOCK_TTL));
  etcd.put(lockKey(root, target, lease), lockBytes(cluster.clock.now(), options), lease);
  yield `lock ${options.action}`;
  const outcome = yield* body();
  etcd.revoke(lease);
  yield `unlock ${options.action}`;
  return outcome;
}

/** v19 writes no Options; Go escapes `<` and `>`. */
const lockBytes = (now: number, options: LockOptions): Uint8Array => {
  const { action, version, hostName = "vm", userName = "vitess" } = options;
  const text = Buffer.from(formatLockBody({ action, hostName, userName, time: now }))
    .toString()
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e");
  return Buffer.from(atLeast(version, 21) ? text : text.replace('  "Options": {},\n', ""));
};
