import { stopwatch } from "../../cluster/clock.js";
import { formatLockBody } from "../../topology/lock-body.js";
import type { Entry, HeldLease, TopologyStore } from "../../topology/store.js";
import { type Refused, refused, type Silent, silent } from "../check.js";
import type { Ports } from "../ports.js";
import { type HeldLock, heldLock, holderOf, type LockHolder, lostWords } from "./held-lock.js";

/** TTL of Vitess's ordinary locks (`--topo_etcd_lease_ttl`); renewed for as long as it is held, which Vitess itself does not do. */
const LEASE_TTL_S = 30;
/** Vitess watches the key before its own; a poll gives the same order, as the queue is the keys' revisions. */
const POLL_MS = 500;

export interface LockRequest {
  /** As a person knows it: `keyspace customer`. */
  readonly name: string;
  /** The directory in etcd, `<root>/keyspaces/customer`; the lock's keys lie in its `locks/`. */
  readonly directory: string;
  /** Vitess does not lock a keyspace or shard that has no key; a named lock needs none (docs/vitess.md#lock-protocol). */
  readonly mustExist: boolean;
  readonly action: string;
}

export interface LockWait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type LockAttempt =
  | { readonly kind: "held"; readonly lock: HeldLock }
  | { readonly kind: "busy"; readonly holder: LockHolder }
  | { readonly kind: "aborted" }
  | Refused
  | Silent;

/**
 * Takes one lock by Vitess's protocol (docs/vitess.md#lock-protocol; go/vt/topo/etcd2topo/lock.go, the same v19 to v24): a leased key,
 * and whoever has the lowest mod revision under `locks/` holds. Gives the lease back on every path that does not end in `held`.
 */
export async function takeLock(
  store: TopologyStore,
  request: LockRequest,
  ports: Pick<Ports, "clock" | "hostName" | "userName" | "log">,
  wait: LockWait,
): Promise<LockAttempt> {
  const waited = stopwatch(ports.clock);
  if (request.mustExist) {
    const missing = await emptyDirectory(store, request);
    if (missing !== null) return missing;
  }
  const granted = await store.grant(LEASE_TTL_S);
  if (granted.kind === "unanswered") return silent(store.server, granted);
  const lease = granted.value;
  let held = false;
  try {
    const queued = await queue(store, request, lease, ports);
    if (queued.kind !== "queued") return queued;
    const attempt = await awaitTurn(store, request, queued, ports, { ...wait, waited });
    if (attempt !== null) return attempt;
    held = true;
    return {
      kind: "held",
      lock: heldLock(store, lease, { name: request.name, key: queued.key, createRevision: queued.revision }),
    };
  } finally {
    if (!held) await lease.release();
  }
}

async function emptyDirectory(store: TopologyStore, request: LockRequest): Promise<Refused | Silent | null> {
  const listed = await store.range({ prefix: `${request.directory}/`, keysOnly: true });
  if (listed.kind === "unanswered") return silent(store.server, listed);
  if (listed.value.entries.length > 0) return null;
  return refused(`${request.name} can not be locked: the topology has nothing under ${request.directory}/`);
}

interface Queued {
  readonly kind: "queued";
  readonly key: string;
  readonly revision: number;
}

async function queue(
  store: TopologyStore,
  request: LockRequest,
  lease: HeldLease,
  ports: Pick<Ports, "clock" | "hostName" | "userName">,
): Promise<Queued | Refused | Silent> {
  const key = `${request.directory}/locks/${lease.id}`;
  const value = formatLockBody({
    action: request.action,
    hostName: ports.hostName,
    userName: ports.userName,
    time: ports.clock.now(),
  });
  const put = await store.txn({
    compares: [{ key, target: "version", equals: 0 }],
    operations: [{ kind: "put", key, value, lease: lease.id }],
  });
  if (put.kind === "answered" && put.value.succeeded) {
    return { kind: "queued", key, revision: put.value.revision };
  }
  const found = await store.get(key);
  if (found.kind === "answered" && found.value.entry?.lease === lease.id) {
    return { kind: "queued", key, revision: found.value.entry.createRevision };
  }
  return put.kind === "unanswered"
    ? silent(store.server, put)
    : refused(`${key} exists already and is not ours`);
}

/** Null: it is our turn. */
async function awaitTurn(
  store: TopologyStore,
  request: LockRequest,
  own: Queued,
  ports: Pick<Ports, "clock" | "log">,
  wait: LockWait & { readonly waited: () => number },
): Promise<LockAttempt | null> {
  let announced: string | null = null;
  while (true) {
    const listed = await store.range({ prefix: `${request.directory}/locks/` });
    if (listed.kind === "unanswered") return silent(store.server, listed);
    const mine = listed.value.entries.find((entry) => entry.key === own.key);
    if (mine?.createRevision !== own.revision) return refused(lostWords(request.name));
    const first = oldest(listed.value.entries);
    if (first.key === own.key) return null;
    const holder = holderOf(first);
    const leftMs = wait.timeoutMs - wait.waited();
    if (leftMs <= 0) return { kind: "busy", holder };
    if (announced !== first.key) ports.log({ kind: "lock-awaited", lock: request.name, holder });
    announced = first.key;
    const woke = await ports.clock.sleep(Math.min(POLL_MS, leftMs), wait.signal);
    if (!woke) return { kind: "aborted" };
  }
}

const oldest = (entries: readonly Entry[]): Entry =>
  entries.reduce((first, entry) => (entry.modRevision < first.modRevision ? entry : first));
