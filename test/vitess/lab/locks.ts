import { GLOBAL_ETCD, type Lab } from "./lab.js";

/** Of the keyspace customer, as a vtctld takes it. */
export const KEYSPACE_LOCK = "/vitess/global/keyspaces/customer/locks/7587863094318432771";

export interface Lease {
  readonly id: string;
  readonly granted: Date;
}

/** Of etcd, for a day, as Vitess takes one for a named lock. */
export async function grantLease(lab: Lab): Promise<Lease> {
  const said = await lab.etcdctl(GLOBAL_ETCD, "lease", "grant", "86400");
  return { id: /lease (\w+) granted/.exec(said)?.[1] ?? "", granted: new Date() };
}

/** The last part of a lock's key is its lease. */
export const lockNumber = ({ id }: Lease): bigint => BigInt(`0x${id}`);

export interface Holder {
  readonly action: string;
  readonly host: string;
  readonly time?: Date;
}

export async function putLock(
  lab: Lab,
  key: string,
  { action, host, time = new Date() }: Holder,
  lease?: Lease,
): Promise<void> {
  const body = { Action: action, HostName: host, UserName: "vitess", Time: time.toISOString() };
  const leased = lease === undefined ? [] : [`--lease=${lease.id}`];
  await lab.etcdctl(GLOBAL_ETCD, "put", ...leased, key, JSON.stringify({ ...body, Status: "Running" }));
}

/**
 * A vtctld died inside an operation on another workflow of the keyspace while `happen` happened: its named lock is gone afterwards, and stays
 * in etcd's history.
 */
export async function besideDeadLock(
  lab: Lab,
  [keyspace, workflow, action]: readonly [string, string, string],
  happen: () => Promise<unknown>,
): Promise<void> {
  const lease = await grantLease(lab);
  const key = `/vitess/global/internal/named_locks/${keyspace}/${workflow}/locks/${lockNumber(lease)}`;
  await putLock(lab, key, { action, host: "dead-vtctld" }, lease);
  await happen();
  await lab.etcdctl(GLOBAL_ETCD, "lease", "revoke", lease.id);
}

/** What a cancel of v19 deletes of customer, under its lock: shards, with the tablets of each. */
export async function dropTargets(
  lab: Lab,
  shards: Readonly<Record<string, readonly number[]>>,
): Promise<void> {
  const del = (key: string) => lab.etcdctl(GLOBAL_ETCD, "del", key);
  await putLock(lab, KEYSPACE_LOCK, { action: "DropTargets", host: "vm" });
  for (const [shard, uids] of Object.entries(shards)) {
    for (const uid of uids) await del(`/vitess/zone1/tablets/zone1-0000000${uid}/Tablet`);
    await del(`/vitess/zone1/keyspaces/customer/shards/${shard}/ShardReplication`);
    await del(`/vitess/global/keyspaces/customer/shards/${shard}/Shard`);
  }
  await del(KEYSPACE_LOCK);
}
