import { groupBy } from "../../snapshot/derive/order.js";
import type { QueryPathRow, ShardRoutingRuleRow, SrvPartitionRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";

/** What of a snapshot tells where queries lead and whether they are served. */
export interface Routed {
  readonly query_path: readonly QueryPathRow[];
  readonly srv_partition: readonly SrvPartitionRow[];
  readonly shard_routing_rule: readonly ShardRoutingRuleRow[];
}

export const routedOf = (snapshot: Snapshot): Routed => ({
  query_path: snapshot.rows("query_path"),
  srv_partition: snapshot.rows("srv_partition"),
  shard_routing_rule: snapshot.rows("shard_routing_rule"),
});

/** Where the queries of a name lead, and what becomes of them there. */
interface Route {
  /** '' where they lead nowhere. */
  readonly keyspace: string;
  /** Its shards, `keyspace/shard` after shard routing rules, in order; empty where none is named. */
  readonly shards: readonly string[];
  readonly verdict: string;
  /** As in `query_path`, '' where served; `name-unknown`: no vtgate of the cell knows the name. */
  readonly reason: string;
  readonly detail: string;
  /** `keyspace/shard` that the reason is about. */
  readonly about: readonly string[];
}

/** Names, of one cell and tablet type, whose queries fare otherwise than before, and alike. */
export interface PathChange {
  /**
   * lost: it was served and is not, or was not seen to fail and does. moved: it leads to another keyspace, table or set of shards and may
   * be served there. found: where it leads it was not served, and is.
   */
  readonly kind: "lost" | "moved" | "found";
  readonly cell: string;
  readonly tabletType: string;
  readonly names: readonly ChangedName[];
  readonly was: Route;
  readonly is: Route;
}

export interface ChangedName {
  /** As a client writes it; `keyspace.` for a keyspace of which no table is known. */
  readonly name: string;
  /** The tables that it led to and leads to; '' where none is known. */
  readonly was: string;
  readonly is: string;
}

/** How the queries of each name fare in `after`, where that is not as in `before`. A name that is only in `after` harms nobody. */
export const comparePaths = (before: Routed, after: Routed): readonly PathChange[] => {
  const [old, now] = [new Routes(before), new Routes(after)];
  const same = new Set([...old.signed.keys()].filter((signature) => now.signed.has(signature)));
  const changes = new Map<string, { readonly change: PathChange; readonly names: ChangedName[] }>();
  const later = new Map(now.pathsBut(same).map((path) => [path.id, path]));
  for (const { id, name, table, row, route: was } of old.pathsBut(same)) {
    const { table: to, route: is } = later.get(id) ?? now.insteadOf(row);
    const kind = kindOf(was, is, table !== to);
    if (kind === null) continue;
    const { cell, tablet_type: tabletType } = row;
    const group = JSON.stringify([kind, cell, tabletType, was, is]);
    const names = changes.get(group)?.names ?? [];
    names.push({ name, was: table, is: to });
    changes.set(group, { change: { kind, cell, tabletType, names, was, is }, names });
  }
  return [...changes.values()].map(({ change }) => change);
};

/** Not seen to fail: a scan does not ask every shard for its tables. */
export const isOpen = ({ verdict, reason }: Pick<Route, "verdict" | "reason">): boolean =>
  verdict === "served" || reason === "schema-unread";

/** Reasons of a table's own, whose keyspace serves. */
const OF_TABLES = /^(denied|table-missing|schema-unread|lookup-|sequence-)/;

const rank = (route: Route): number => (isOpen(route) ? 2 : route.verdict === "unknown" ? 1 : 0);

const kindOf = (was: Route, is: Route, otherTable: boolean): PathChange["kind"] | null => {
  if (rank(is) < rank(was)) return "lost";
  const elsewhere =
    otherTable || was.keyspace !== is.keyspace || was.shards.join(" ") !== is.shards.join(" ");
  if (elsewhere) return rank(is) === 0 ? null : "moved";
  return rank(is) > rank(was) ? "found" : null;
};

interface Path {
  readonly id: string;
  readonly name: string;
  readonly table: string;
  readonly row: QueryPathRow;
  readonly route: Route;
}

/** The paths of a snapshot. Rows of thousands of names are compared as text first, and only those that differ are taken apart. */
class Routes {
  readonly signed: ReadonlyMap<string, readonly QueryPathRow[]>;
  readonly #places: ReadonlyMap<string, readonly string[]>;
  readonly #rows: readonly QueryPathRow[];

  constructor({ query_path, srv_partition, shard_routing_rule }: Routed) {
    const rules = new Map(
      shard_routing_rule.map((row) => [`${row.scope}/${row.from_keyspace}/${row.shard}`, row.to_keyspace]),
    );
    const partitions = groupBy(srv_partition, (row) => `${row.cell}/${row.keyspace}/${row.tablet_type}`);
    this.#places = new Map(
      [...partitions].map(([place, rows]) => [
        place,
        rows
          .map(
            ({ cell, keyspace, shard }) =>
              `${rules.get(`${cell}/${keyspace}/${shard}`) ?? keyspace}/${shard}`,
          )
          .sort(),
      ]),
    );
    this.#rows = query_path;
    this.signed = groupBy(query_path, (row) => {
      const {
        ordinal: _ordinal,
        names: _names,
        by_rule: _rule,
        key: _key,
        revision: _revision,
        ...told
      } = row;
      return JSON.stringify([told, this.#places.get(placeOf(row))]);
    });
  }

  pathsBut(same: ReadonlySet<string>): readonly Path[] {
    return [...this.signed].flatMap(([signature, rows]) =>
      same.has(signature) ? [] : rows.flatMap((row) => this.#paths(row)),
    );
  }

  /** What a name comes to that has no path of its own: a keyspace's by those of its tables, a table's by the cell's whole. */
  insteadOf(row: QueryPathRow): Pick<Path, "table" | "route"> {
    const near = this.#rows.filter(
      ({ cell, tablet_type }) => cell === row.cell && tablet_type === row.tablet_type,
    );
    const of = near.filter(({ keyspace }) => keyspace === row.keyspace);
    if (row.names === 0) {
      const ground = of.find((other) => isOpen(other) || OF_TABLES.test(other.reason));
      if (ground !== undefined) return { table: "", route: this.#route(row) };
    }
    const stands =
      row.names === 0 ? of[0] : near.find(({ names, keyspace }) => names === 0 && keyspace === "");
    if (stands !== undefined) return { table: "", route: this.#route(stands) };
    const known = { verdict: "unserved", reason: "name-unknown", detail: "", about: [] };
    return { table: "", route: { keyspace: "", shards: [], ...known } };
  }

  #paths(row: QueryPathRow): readonly Path[] {
    const route = this.#route(row);
    const path = (name: string, table: string): Path => ({
      ...{ name, table, row, route },
      id: idOf(row, name),
    });
    if (row.names === 0) return [path(row.keyspace === "" ? "" : `${row.keyspace}.`, "")];
    return Object.entries(namesOf(row)).map(([name, table]) => path(name, table));
  }

  #route(row: QueryPathRow): Route {
    return {
      keyspace: row.keyspace,
      shards: this.#places.get(placeOf(row)) ?? [],
      ...{ verdict: row.verdict, reason: row.reason, detail: row.detail },
      about: JSON.parse(row.shards_json) as readonly string[],
    };
  }
}

/** As a client writes them, with the tables that they lead to. */
export const namesOf = ({ names_json }: QueryPathRow): Readonly<Record<string, string>> =>
  JSON.parse(names_json);

export const idOf = (
  { cell, tablet_type }: Pick<QueryPathRow, "cell" | "tablet_type">,
  name: string,
): string => `${cell} ${tablet_type} ${name}`;

const placeOf = ({ cell, keyspace, tablet_type }: QueryPathRow): string =>
  `${cell}/${keyspace}/${tablet_type}`;
