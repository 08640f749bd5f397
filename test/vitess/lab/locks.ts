import { GLOBAL_ETCD, type Lab } from "./lab.js";

/**
 * A vtctld died inside an operation on another workflow of the keyspace while `happen` happened: its named lock, of a lease of a day as
 * Vitess takes it, is gone afterwards, and stays in etcd's history.
 */
export async function besideDeadLock(
  lab: Lab,
  [keyspace, workflow, action]: readonly [string, string, string],
  happen: () => Promise<unknown>,
): Promise<void> {
  const granted = await lab.etcdctl(GLOBAL_ETCD, "lease", "grant", "86400");
  const lease = /lease (\w+) granted/.exec(granted)?.[1] ?? "";
  const key = `/vitess/global/internal/named_locks/${keyspace}/${workflow}/locks/${BigInt(`0x${lease}`)}`;
  const body = { Action: action, HostName: "dead-vtctld", UserName: "vitess", Status: "Running" };
  const Time = new Date().toISOString();
  await lab.etcdctl(GLOBAL_ETCD, "put", `--lease=${lease}`, key, JSON.stringify({ ...body, Time }));
  await happen();
  await lab.etcdctl(GLOBAL_ETCD, "lease", "revoke", lease);
}
