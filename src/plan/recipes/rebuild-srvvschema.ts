import { type CellRecord, cells } from "../facts/topology.js";
import { poorerVSchemas } from "../guards/poorer-vschema.js";
import { repair } from "../repair.js";
import { rebuildPremises } from "../serving/rebuild.js";

/** SrvVSchema of the named cells from all VSchemas and rules. Vitess takes no lock for it either (docs/vitess.md#srvvschema). */
export const rebuildSrvVSchema = repair<readonly CellRecord[]>({
  name: "rebuild-srvvschema",
  runs: "serving graph",
  by: () => "all cells",
  of: (snapshot, findings) =>
    cells(snapshot).filter(({ cell }) => findings.some(({ object }) => object.cell === cell)),
  unless: [poorerVSchemas],
  plan: (snapshot, named, findings) => ({
    title: `Rebuild SrvVSchema in ${named.map(({ cell }) => cell).join(", ")}`,
    locks: [],
    steps: [
      {
        kind: "srvvschema.rebuild",
        cells: named.map(({ cell }) => cell),
        ...(findings.some((finding) => finding.repair.class === "confirm") && { heldBack: true }),
      },
    ],
    restsOn: rebuildPremises(snapshot, named),
  }),
});
