import type { PlanCluster } from "../plan/plan.js";

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

/** Address lists may name the same etcd in different words; its cluster id does not. */
export const sameCluster =
  (cluster: PlanCluster) =>
  (one: string, other: string): boolean =>
    one === other ||
    (cluster.clusterIds[one] !== undefined && cluster.clusterIds[one] === cluster.clusterIds[other]);
