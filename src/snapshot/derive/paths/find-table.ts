import { groupBy } from "../order.js";
import type { CellVSchema, KeyspaceVSchema, TableVSchema } from "./cell-vschema.js";

export const SERVED_TYPES = ["PRIMARY", "REPLICA", "RDONLY"] as const;
export type ServedType = (typeof SERVED_TYPES)[number];

/** Where vtgate's planner leads a table name. */
export type Found = FoundTable | NotFound;

export interface FoundTable {
  readonly kind: "table";
  readonly keyspace: string;
  readonly table: string;
  /** Null where an unsharded keyspace's VSchema does not name it. */
  readonly vschema: TableVSchema | null;
  readonly byRule: boolean;
}

interface NotFound {
  readonly kind: "not-found";
  readonly reason: "ambiguous-name" | RuleFault | "keyspace-missing" | "table-missing-in-vschema";
  readonly keyspace: string;
  readonly table: string;
  readonly detail: string;
  readonly byRule: boolean;
}

type RuleFault = "rule-targets" | "rule-empty" | "rule-malformed";

/**
 * vtgate's FindRoutedTable, twice where a rule was followed, as its planner does (docs/vitess.md#query-routing). `tracked`: the tables that unsharded keyspaces have in MySQL, of which vtgate's
 * schema tracker tells it. Null: no name that vtgate knows.
 */
export class TableFinder {
  readonly #unique: ReadonlyMap<string, readonly string[]>;

  constructor(
    readonly vschema: CellVSchema,
    readonly tracked: ReadonlyMap<string, ReadonlySet<string>>,
  ) {
    this.#unique = owners(vschema, tracked);
  }

  /** `keyspace`: '' for a name without one in a session without a default keyspace. */
  find(keyspace: string, table: string, type: ServedType): Found | null {
    const only = [...this.vschema.keyspaces.keys()];
    const own = keyspace === "" && only.length === 1 ? (only[0] ?? "") : keyspace;
    const first = this.#lookUp(own, table, type);
    if (first?.kind !== "table" || !first.byRule) return first;
    const again = this.#lookUp(first.keyspace, first.table, type);
    return again === null ? first : { ...again, byRule: true };
  }

  #lookUp(keyspace: string, table: string, type: ServedType): Found | null {
    const routed = this.#routedKeyspace(keyspace, type);
    const qualified = routed === "" ? table : `${routed}.${table}`;
    for (const name of [qualified + SUFFIX[type], qualified]) {
      const targets = this.vschema.rules.get(name);
      if (targets !== undefined) return this.#followed(targets);
    }
    return routed === "" ? this.#unqualified(table) : this.#inKeyspace(routed, table, false);
  }

  #routedKeyspace(keyspace: string, type: ServedType): string {
    const { keyspaceRules } = this.vschema;
    const suffix = type === "PRIMARY" ? "" : SUFFIX[type];
    return keyspaceRules.get(keyspace + suffix) ?? keyspaceRules.get(keyspace) ?? keyspace;
  }

  #followed(targets: readonly string[]): Found {
    const [target = "", ...others] = targets;
    const [keyspace = "", table = "", ...rest] = target.split(".");
    const fault = (reason: RuleFault): NotFound => ({
      kind: "not-found",
      reason,
      keyspace: "",
      table: "",
      detail: targets.join(", "),
      byRule: true,
    });
    if (target === "") return fault("rule-empty");
    if (others.length > 0) return fault("rule-targets");
    if (keyspace === "" || table === "" || rest.length > 0) return fault("rule-malformed");
    return this.#inKeyspace(keyspace, table, true);
  }

  #inKeyspace(keyspace: string, table: string, byRule: boolean): Found {
    const owner = this.vschema.keyspaces.get(keyspace);
    const lost = (reason: "keyspace-missing" | "table-missing-in-vschema"): NotFound => ({
      ...{ kind: "not-found", reason, keyspace, table, byRule },
      detail: `${keyspace}.${table}`,
    });
    if (owner === undefined) return lost("keyspace-missing");
    const vschema = owner.tables.get(table) ?? null;
    if (vschema === null && owner.sharded) return lost("table-missing-in-vschema");
    return { kind: "table", keyspace, table, vschema, byRule };
  }

  #unqualified(table: string): Found | null {
    const [owner, ...others] = this.#unique.get(table) ?? [];
    if (owner === undefined) return null;
    if (others.length === 0) return this.#inKeyspace(owner, table, false);
    const detail = [owner, ...others].sort().join(", ");
    return { kind: "not-found", reason: "ambiguous-name", keyspace: "", table: "", detail, byRule: false };
  }
}

const SUFFIX: Readonly<Record<ServedType, string>> = {
  PRIMARY: "@primary",
  REPLICA: "@replica",
  RDONLY: "@rdonly",
};

/** vtgate's global tables: the VSchemas' own, and then, of unsharded keyspaces, what else is in MySQL. */
const owners = (
  { keyspaces }: CellVSchema,
  tracked: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, readonly string[]> => {
  const open = [...keyspaces].filter(([, { requireExplicitRouting }]) => !requireExplicitRouting);
  const named = listed(open.map(([name, keyspace]) => [name, globalTables(keyspace)]));
  const seen = listed(
    open
      .filter(([, { sharded }]) => !sharded)
      .map(([name]) => [name, [...(tracked.get(name) ?? [])].filter((table) => !named.has(table))]),
  );
  return new Map([...named, ...seen]);
};

/** A reference table leads to its source, and is no owner beside it. */
const globalTables = ({ tables }: KeyspaceVSchema): readonly string[] =>
  [...tables]
    .filter(([table, { source }]) => source === null || source.split(".").at(-1) !== table)
    .map(([table]) => table);

const listed = (
  tables: readonly (readonly [string, readonly string[]])[],
): ReadonlyMap<string, readonly string[]> => {
  const owned = tables.flatMap(([keyspace, names]) => names.map((name) => ({ name, keyspace })));
  return new Map(
    [...groupBy(owned, ({ name }) => name)].map(([name, by]) => [name, by.map(({ keyspace }) => keyspace)]),
  );
};
