import type { Facts, FactTable } from "../facts.js";

/** Facts by table, in the order of their primary keys; read only when asked for, for some tables are large. */
export interface FactReader {
  rows<T extends FactTable>(table: T): Facts[T];
}
