import { FACT_TABLES, type Facts, type FactTable } from "../snapshot/facts.js";

type KeysOf<T extends FactTable> = readonly (keyof Facts[T][number] & string)[];

/** The primary keys of `schema.sql`; a test holds the two together. */
export const PRIMARY_KEYS: { readonly [T in FactTable]: KeysOf<T> } = {
  meta: ["name"],
  topo_server: ["server"],
  topo_root: ["name"],
  topo_key: ["server", "key"],
  topo_lease: ["server", "lease"],
  topo_history: ["server", "key", "deleted_revision"],
  topo_history_lock: ["server", "deleted_revision", "key"],
  witness: ["source", "detail", "address"],
  probe: ["address", "channel"],
  live_tablet: ["address"],
  vreplication: ["address", "channel", "id"],
  engine_stream: ["address", "id"],
  copy_state: ["address", "vrepl_id", "table_name"],
  post_copy_action: ["address", "id"],
  resharding_journal: ["address", "id"],
  vdiff: ["address", "id"],
  live_table: ["address", "db_name", "table_name"],
  live_trigger: ["address", "db_name", "trigger_name"],
  held_table: ["address", "hold_schema", "table_name"],
};

/** The same facts in the order of their primary keys, whatever order the answers came in; of equal keys the first stays (promise P11). */
export const inOrder = (facts: Facts): Facts =>
  Object.assign(
    { ...facts },
    Object.fromEntries(FACT_TABLES.map((table) => [table, sortedRows(facts[table], PRIMARY_KEYS[table])])),
  );

function sortedRows(rows: readonly object[], keys: readonly string[]): readonly object[] {
  const compare = (a: object, b: object): number => {
    for (const key of keys) {
      const order = compareValues(Reflect.get(a, key), Reflect.get(b, key));
      if (order !== 0) return order;
    }
    return 0;
  };
  const sorted = rows.toSorted(compare);
  return sorted.filter((row, index) => {
    const before = sorted[index - 1];
    return before === undefined || compare(before, row) !== 0;
  });
}

/** By code unit, never by locale. */
const compareValues = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
