import type { Snapshot } from "../../snapshot/snapshot.js";
import {
  keyspaceRoutingRulesKey,
  mirrorRulesKey,
  routingRulesKey,
  shardRoutingRulesKey,
  srvVSchemaKey,
} from "../../topology/paths.js";
import { type CellRecord, cells, globalRoot, keyPremise } from "../facts/topology.js";
import type { Premise } from "../fields.js";
import { poorerVSchemas } from "../guards/poorer-vschema.js";
import { repair } from "../repair.js";

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
    restsOn: [
      ...sources(snapshot),
      ...named.map(({ server, root }) => keyPremise(snapshot, server, srvVSchemaKey(root))),
    ],
  }),
});

const sources = (snapshot: Snapshot): readonly Premise[] => {
  const { server, root } = globalRoot(snapshot);
  const rules = [routingRulesKey, shardRoutingRulesKey, keyspaceRoutingRulesKey, mirrorRulesKey].map(
    (keyOf) => keyOf(root),
  );
  const vschemas = snapshot
    .rows("vschema", { scope: "global" })
    .map(({ key }) => key)
    .sort();
  return [...rules, ...vschemas].map((key) => keyPremise(snapshot, server, key));
};
