import type { Snapshot } from "../../snapshot/snapshot.js";

export interface TopoRoot {
  readonly server: string;
  readonly root: string;
}

/** Where the records of keyspaces, shards and rules live. */
export const globalRoot = (snapshot: Snapshot): TopoRoot => {
  const [global] = snapshot.rows("topo_root", { name: "global" });
  if (global === undefined) throw new Error("a snapshot without a global root");
  return global;
};
