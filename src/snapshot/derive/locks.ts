import { parseLockBody } from "../../topology/lock-body.js";
import type { LockTarget } from "../../topology/paths.js";
import type { Facts } from "../facts.js";
import type { TopoLockRow } from "../gen/tables.js";
import type { KeyIndex } from "./located-key.js";
import { CLOCK_SKEW_S, limitFor } from "./operation-limits.js";

/**
 * Every key under a `locks` directory; a body that nobody can read is still a lock (docs/vitess.md#abandoned-locks). `now` in unix seconds.
 */
export const deriveLocks = (facts: Facts, keys: KeyIndex, now: number): readonly TopoLockRow[] => {
  const leases = new Map(facts.topo_lease.map((row) => [`${row.server} ${row.lease}`, row]));
  const located = keys.of("lock");
  const holders = new Set(
    oldestOfEach(located.map(({ at }) => ({ ...at, revision: at.create_revision }))).map(nameOf),
  );
  return located.map(({ is, at }) => {
    const body = parseLockBody(at.value);
    const known = body.kind === "answered" ? body.value : null;
    const lease = leases.get(`${at.server} ${at.lease}`);
    const target = targetColumns(is.target);
    const action = known?.action ?? "";
    const takenAt = known === null ? null : Math.floor(known.time / 1000);
    const byLease = lease === undefined || lease.ttl < 0 ? null : Math.max(0, lease.granted_ttl - lease.ttl);
    const byText = takenAt === null ? null : now - takenAt;
    return {
      server: at.server,
      key: at.key,
      ...target,
      lease: at.lease,
      holder: Number(holders.has(nameOf(at))),
      action,
      host_name: known?.hostName ?? "",
      user_name: known?.userName ?? "",
      taken_at: takenAt,
      ttl: lease?.ttl ?? null,
      granted_ttl: lease?.granted_ttl ?? null,
      age_s: byLease ?? (byText === null || byText < -CLOCK_SKEW_S ? null : Math.max(0, byText)),
      skew_s: skewOf(byLease, byText, target.kind !== "workflow" || limitFor(action)?.renewed === true),
      revision: at.mod_revision,
    };
  });
};

/**
 * A lease only ever looks younger than its lock: by a renewal, which keyspace and shard locks get where Vitess checks them, or because etcd
 * had a new leader (docs/vitess.md#lease-renewal).
 */
const skewOf = (byLease: number | null, byText: number | null, mayBeRenewed: boolean): number | null => {
  if (byText === null) return null;
  const skew = byText - (byLease ?? Math.max(0, byText));
  return skew < -CLOCK_SKEW_S || (skew > CLOCK_SKEW_S && !mayBeRenewed) ? skew : null;
};

interface LockKey {
  readonly server: string;
  readonly key: string;
  readonly revision: number;
}

/** The holder of each lock directory: the key that was created first; the others wait (etcd2topo/lock.go; docs/vitess.md#lock-protocol). */
export const oldestOfEach = <T extends LockKey>(locks: readonly T[]): readonly T[] => {
  const oldest = new Map<string, T>();
  for (const lock of locks) {
    const directory = `${lock.server} ${lock.key.slice(0, lock.key.lastIndexOf("/"))}`;
    const known = oldest.get(directory);
    if (known === undefined || lock.revision < known.revision) oldest.set(directory, lock);
  }
  return [...oldest.values()];
};

const nameOf = ({ server, key }: { readonly server: string; readonly key: string }): string =>
  `${server} ${key}`;

const targetColumns = (target: LockTarget): Pick<TopoLockRow, "kind" | "keyspace" | "shard" | "workflow"> => {
  switch (target.kind) {
    case "keyspace":
      return { kind: "keyspace", keyspace: target.keyspace, shard: null, workflow: null };
    case "shard":
      return { kind: "shard", keyspace: target.keyspace, shard: target.shard, workflow: null };
    case "workflow":
      return { kind: "workflow", keyspace: target.keyspace, shard: null, workflow: target.workflow };
    case "routing-rules":
      return { kind: "routing_rules", keyspace: null, shard: null, workflow: null };
    case "named":
      return { kind: "other", keyspace: null, shard: null, workflow: null };
  }
};
