import { classifyKey, rootPrefix, type TopoKey } from "../../topology/paths.js";
import type { Facts } from "../facts.js";
import type { TopoKeyRow } from "../gen/tables.js";
import { groupBy } from "./order.js";

/** A key of the topology as one root sees it. Cells may share a root: then each of them has the key. */
export interface LocatedKey<Kind extends TopoKey["kind"] = TopoKey["kind"]> {
  /** `global`, or a cell. */
  readonly root: string;
  readonly is: Extract<TopoKey, { readonly kind: Kind }>;
  readonly at: TopoKeyRow;
}

/** All keys by what they are, by the exact shape of their path under each root (docs/vitess.md#keys, docs/vitess.md#directories). */
export interface KeyIndex<Known extends TopoKey["kind"] = TopoKey["kind"]> {
  readonly of: <Kind extends Known>(kind: Kind) => readonly LocatedKey<Kind>[];
  /** Keys that are no record of Vitess's where they are. */
  readonly strays: readonly TopoKeyRow[];
}

export interface Root {
  readonly name: string;
  readonly root: string;
}

/** Kinds that Vitess writes into a cell's topology; all others live in the global one. Roots may be the same. */
const IN_CELLS: ReadonlySet<TopoKey["kind"]> = new Set([
  "tablet",
  "shard-replication",
  "srv-keyspace",
  "srv-vschema",
]);

/** `located`: keys that were located under the same roots before; those that were not are added. */
export const indexKeys = (facts: Facts, located?: WeakMap<TopoKeyRow, readonly LocatedKey[]>): KeyIndex => {
  const rootsOf = rootsByServer(facts);
  const index = new Map<string, LocatedKey[]>();
  const strays: TopoKeyRow[] = [];
  const locatedAt = (at: TopoKeyRow): readonly LocatedKey[] => {
    const known = located?.get(at) ?? locate(rootsOf(at.server), at.key).map((one) => ({ ...one, at }));
    located?.set(at, known);
    return known;
  };
  for (const at of facts.topo_key) {
    const found = locatedAt(at);
    if (found.length === 0) strays.push(at);
    for (const one of found) {
      const known = index.get(one.is.kind);
      if (known === undefined) index.set(one.is.kind, [one]);
      else known.push(one);
    }
  }
  return {
    of: <Kind extends TopoKey["kind"]>(kind: Kind) =>
      (index.get(kind) ?? []) as unknown as readonly LocatedKey<Kind>[],
    strays,
  };
};

export const rootsByServer = (facts: Facts): ((server: string) => readonly Root[]) => {
  const roots = groupBy(facts.topo_root, ({ server }) => server);
  return (server) => roots.get(server) ?? [];
};

/** What the key is under each root that could have written it; nothing where it is none of Vitess's. */
export const locate = (
  roots: readonly Root[],
  key: string,
): readonly { readonly root: string; readonly is: TopoKey }[] =>
  roots
    .filter(({ root }) => key.startsWith(rootPrefix(root)))
    .map(({ name, root }) => ({ root: name, is: classifyKey(root, key) }))
    .filter(({ root, is }) => isAtHome(is, root));

/** Whether Vitess writes what the path says into the topology of that root. */
export const isAtHome = ({ kind }: TopoKey, root: string): boolean =>
  kind !== "unknown" && IN_CELLS.has(kind) === (root !== "global");
