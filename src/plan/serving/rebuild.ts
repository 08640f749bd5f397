import type { SrvVSchema } from "../../proto/gen/vschema_pb.js";
import type { Facts } from "../../snapshot/facts.js";
import type { TopoKeyRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { srvVSchemaKey } from "../../topology/paths.js";
import { decodeSrvVSchema } from "../../topology/records.js";
import { type CellRecord, globalRoot, keyPremise } from "../facts/topology.js";
import type { Premise } from "../fields.js";
import { keyspacesPrefix, ruleKeys, srvVSchemaFor, vschemaSources } from "./srv-vschema.js";

interface Rebuilt {
  readonly server: string;
  readonly key: string;
  /** Null: there is no record. */
  readonly current: SrvVSchema | null;
  readonly wanted: SrvVSchema;
}

/** SrvVSchema of one cell, and what a rebuild makes of it; null: none can be made, as a record can not be decoded. */
export const rebuilt = (facts: Pick<Facts, "topo_root" | "topo_key">, cell: string): Rebuilt | null => {
  const rootOf = (name: string) => facts.topo_root.find((row) => row.name === name);
  const [global, own] = [rootOf("global"), rootOf(cell)];
  if (global === undefined || own === undefined) return null;
  const entryOf = ({ key, value, mod_revision }: TopoKeyRow) => ({ key, value, modRevision: mod_revision });
  const keys = facts.topo_key.filter(({ server }) => server === global.server);
  const prefix = keyspacesPrefix(global.root);
  const sources = vschemaSources(
    global.root,
    keys.filter(({ key }) => key.startsWith(prefix)).map(entryOf),
    ruleKeys(global.root).map((key) => {
      const row = keys.find((one) => one.key === key);
      return row === undefined ? null : entryOf(row);
    }),
  );
  if (sources.kind === "unanswered") return null;
  const at = { server: own.server, key: srvVSchemaKey(own.root) };
  const there = facts.topo_key.find((row) => row.server === at.server && row.key === at.key);
  const current = there === undefined ? null : decodeSrvVSchema(there.value);
  if (current?.kind === "unanswered") return null;
  const now = current?.value ?? null;
  return { ...at, current: now, wanted: srvVSchemaFor(now, sources.value) };
};

/** All that a rebuild in these cells is made of, and what it writes over. */
export const rebuildPremises = (snapshot: Snapshot, named: readonly CellRecord[]): readonly Premise[] => {
  const { server, root } = globalRoot(snapshot);
  const vschemas = snapshot
    .rows("vschema", { scope: "global" })
    .map(({ key }) => key)
    .sort();
  return [
    ...[...ruleKeys(root), ...vschemas].map((key) => keyPremise(snapshot, server, key)),
    ...named.map((cell) => keyPremise(snapshot, cell.server, srvVSchemaKey(cell.root))),
  ];
};
