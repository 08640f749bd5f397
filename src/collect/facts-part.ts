import { type Facts, factsOf } from "../snapshot/facts.js";
import { distinctInKeyOrder } from "../snapshot/key-order.js";

/** Some rows of some tables. */
export type FactsPart = Partial<Facts>;

export const joinFacts = (parts: readonly FactsPart[]): Facts =>
  factsOf((table) => parts.flatMap((part): readonly object[] => part[table] ?? []));

/** The same facts in the order of their keys, whatever order the answers came in; of one key the first stays (docs/decisions.md#p11). */
export const inOrder = (facts: Facts): Facts => factsOf((table) => distinctInKeyOrder(table, facts[table]));
