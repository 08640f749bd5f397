import type { SimCluster } from "../../src/sim/cluster.js";
import { operatorAt } from "./harness.js";

interface Found {
  readonly id: string;
  readonly severity: string;
  readonly state: string;
  readonly causedBy: string | null;
}

/** `severity state id` of what a scan that has looked twice finds, but for what follows from another finding. */
export const stories = async (cluster: SimCluster, flags = ""): Promise<readonly string[]> => {
  const { out } = await operatorAt(cluster).type(`scan --settle 31s --format json${flags}`);
  const { findings } = JSON.parse(out) as { findings: readonly Found[] };
  return findings
    .filter(({ causedBy }) => causedBy === null)
    .map(({ severity, state, id }) => `${severity} ${state} ${id}`);
};
