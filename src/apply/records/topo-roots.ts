import { shareAnAddress } from "../../cluster/server-addresses.js";
import type { PlanCluster } from "../../plan/plan.js";

export interface TopoRoot {
  readonly server: string;
  readonly root: string;
}

/** `cell` as in CellInfo; null where the plan does not know it. */
export const rootOfCell = (cluster: PlanCluster, cell: string): TopoRoot | null =>
  cluster.roots.find((root) => root.name === cell) ?? null;

export const globalRoot = (cluster: PlanCluster): TopoRoot => ({
  server: cluster.globalServer,
  root: cluster.globalRoot,
});

/**
 * Whether two servers may share a transaction. A plan names every etcd by one spelling where collecting proved that two lead to the same
 * keys; an equal cluster id proves nothing (etcd hashes it from how the members were first configured).
 */
export const sameServer = (one: string, other: string): boolean =>
  one === other || shareAnAddress(one, other);
