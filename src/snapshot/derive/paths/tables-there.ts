import type { DeniedTableRow, LiveTableRow, ProbeRow, ProcessRow } from "../../gen/tables.js";
import { groupBy } from "../order.js";

export interface SchemaState {
  readonly process: readonly ProcessRow[];
  readonly probe: readonly ProbeRow[];
  readonly live_table: readonly LiveTableRow[];
  readonly denied_table: readonly DeniedTableRow[];
}

/** What a table lacks on some shards of a place, `keyspace/shard`. */
export interface TableFault {
  readonly reason: "denied" | "table-missing" | "schema-unread";
  readonly shards: readonly string[];
}

/**
 * Tables and views of the shards, of their primaries where one was read, since replicas have what those have. Of thousands of shards with
 * the same tables each set is kept, and looked into, once.
 */
export class TablesThere {
  readonly #sets: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #denied: ReadonlyMap<string, readonly DeniedTableRow[]>;
  readonly #places = new Map<readonly string[], Place>();

  constructor(state: SchemaState) {
    this.#sets = tableSets(state);
    this.#denied = groupBy(state.denied_table, ({ keyspace, shard }) => `${keyspace}/${shard}`);
  }

  /** The tables that some shard of each keyspace has, by keyspace. */
  tracked(keyspaces: Iterable<string>): ReadonlyMap<string, ReadonlySet<string>> {
    const found = new Map<string, Set<string>>([...keyspaces].map((keyspace) => [keyspace, new Set()]));
    for (const [shard, tables] of this.#sets) {
      const known = found.get(shard.slice(0, shard.indexOf("/")));
      if (known !== undefined) for (const table of tables) if (!isInternal(table)) known.add(table);
    }
    return found;
  }

  /** Null where every shard has the table and none denies it. The same list of shards is the same value, and gives the same fault where none was read. */
  faultOf(shards: readonly string[], table: string, type: string): TableFault | null {
    const place = this.#place(shards);
    const denying = place.denials.filter((row) => row.tablet_type === type && denies(row, table));
    if (denying.length > 0)
      return { reason: "denied", shards: denying.map(({ keyspace, shard }) => `${keyspace}/${shard}`) };
    const lacking = place.sets.filter(({ tables }) => !tables.has(table)).flatMap((one) => one.shards);
    if (lacking.length > 0) return { reason: "table-missing", shards: lacking.sort() };
    return place.unread;
  }

  #place(shards: readonly string[]): Place {
    const known = this.#places.get(shards);
    if (known !== undefined) return known;
    const read = groupBy(
      shards.filter((shard) => this.#sets.has(shard)),
      (shard) => this.#sets.get(shard),
    );
    const unread = shards.filter((shard) => !this.#sets.has(shard));
    const place: Place = {
      sets: [...read].flatMap(([tables, members]) =>
        tables === undefined ? [] : [{ tables, shards: [...members] }],
      ),
      unread: unread.length === 0 ? null : { reason: "schema-unread", shards: unread },
      denials: shards.flatMap((shard) => this.#denied.get(shard) ?? []),
    };
    this.#places.set(shards, place);
    return place;
  }
}

interface Place {
  readonly sets: readonly { readonly tables: ReadonlySet<string>; readonly shards: readonly string[] }[];
  readonly unread: TableFault | null;
  readonly denials: readonly DeniedTableRow[];
}

/** An entry between slashes is a pattern (docs/vitess.md#query-routing). */
const denies = ({ table_name }: DeniedTableRow, table: string): boolean =>
  table_name === table ||
  (/^\/.*\/$/.test(table_name) && new RegExp(`^(?:${table_name.slice(1, -1)})$`).test(table));

/** Vitess's own: tables to be dropped, and those of an Online DDL (schema/tablegc.go, schema/online_ddl.go). */
export const isInternal = (table: string): boolean => /^_vt_|^_.*_(vrepl|gho|ghc|del|new|old)$/.test(table);

/** By `keyspace/shard`; equal sets are one value. */
const tableSets = (state: SchemaState): ReadonlyMap<string, ReadonlySet<string>> => {
  const read = new Set(
    state.probe
      .filter(({ channel, answered }) => channel === "schema" && answered === 1)
      .map(({ address }) => address),
  );
  const tables = groupBy(state.live_table, ({ address }) => address);
  const members = groupBy(
    state.process.filter(({ same_cluster, address }) => same_cluster === 1 && read.has(address)),
    ({ keyspace, shard }) => `${keyspace}/${shard}`,
  );
  const known = new Map<string, ReadonlySet<string>>();
  return new Map(
    [...members].flatMap(([shard, processes]) => {
      const [speaker] = processes.filter(({ record }) => record === "present").toSorted(primaryFirst);
      if (speaker === undefined) return [];
      const names = (tables.get(speaker.address) ?? [])
        .filter(({ db_name }) => db_name === speaker.db_name)
        .map(({ table_name }) => table_name)
        .sort();
      const signature = names.join("/");
      const same = known.get(signature) ?? new Set(names);
      known.set(signature, same);
      return [[shard, same] as const];
    }),
  );
};

const primaryFirst = (one: ProcessRow, other: ProcessRow): number =>
  Number(other.type === "PRIMARY") - Number(one.type === "PRIMARY");
