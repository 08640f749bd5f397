import { parseLockBody } from "../../topology/lock-body.js";
import type { Entry, HeldLease, TopologyStore } from "../../topology/store.js";
import { type Refused, refused, type Silent, silent } from "../check.js";

/** One of Vitess's locks, held by this process. */
export interface HeldLock {
  /** As a person knows it: `keyspace customer`. */
  readonly name: string;
  readonly server: string;
  readonly key: string;
  readonly lease: string;
  readonly createRevision: number;
  /** How long it is proven ours from now, in milliseconds; 0: it is lost. */
  leftMs(): number;
  /** Renews the lease and asks etcd; null: it lives and the key is the one that was put. */
  prove(): Promise<Refused | Silent | null>;
  release(): Promise<void>;
}

type Place = Pick<HeldLock, "name" | "key" | "createRevision">;

export const heldLock = (store: TopologyStore, lease: HeldLease, place: Place): HeldLock => ({
  ...place,
  server: store.server,
  lease: lease.id,
  leftMs: () => lease.leftMs(),
  prove: async () => {
    await lease.renew();
    const got = await store.get(place.key);
    if (got.kind === "unanswered") return silent(store.server, got);
    const isOurs = got.value.entry?.createRevision === place.createRevision && lease.leftMs() > 0;
    return isOurs ? null : refused(lostWords(place.name));
  },
  release: () => lease.release(),
});

export const lostWords = (name: string): string =>
  `the lock on ${name} was lost (its lease ended), so others may be writing now`;

/** Who holds a Vitess lock, in the words of its body; empty where the body does not say. */
export interface LockHolder {
  readonly key: string;
  readonly action: string;
  readonly hostName: string;
  readonly userName: string;
  readonly time: string;
}

export const describeHolder = (holder: LockHolder): string =>
  [
    holder.action === "" ? "an operation that does not name itself" : holder.action,
    holder.userName === "" && holder.hostName === "" ? "" : `by ${holder.userName}@${holder.hostName}`,
    holder.time === "" ? "" : `since ${holder.time}`,
    `(${holder.key})`,
  ]
    .filter((part) => part !== "")
    .join(" ");

/** A body that nobody can read still names its key. */
export function holderOf(entry: Entry): LockHolder {
  const body = parseLockBody(entry.value);
  if (body.kind === "unanswered") return { key: entry.key, action: "", hostName: "", userName: "", time: "" };
  const { action, hostName, userName, time } = body.value;
  return { key: entry.key, action, hostName, userName, time: new Date(time).toISOString() };
}
