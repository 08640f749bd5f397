import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey } from "../../topology/paths.js";
import type { DraftStep } from "../steps/index.js";
import { base64, keyFact } from "../view/keys.js";
import { globalRoot } from "../view/roots.js";
import type { CancelSubject } from "./subject.js";
import { toTables } from "./switched-tables.js";
import { ruleNames, ruleTables } from "./tables.js";

/** The nine rules of each table, as far as they lead to this workflow's two keyspaces; all others stay (docs/vitess.md#cancel-order). */
export const routingSteps = (snapshot: Snapshot, subject: CancelSubject): readonly DraftStep[] => {
  const { server, root } = globalRoot(snapshot);
  const record = keyFact(snapshot, server, routingRulesKey(root));
  if (record === null) return [];
  const tables = ruleTables(snapshot, subject.groups);
  const expected = new Map(
    tables.flatMap((table) =>
      ruleNames(subject.sourceKeyspace, subject.keyspace, table).map((name) => [name, table] as const),
    ),
  );
  const fromTables = snapshot
    .rows("routing_rule", { scope: "global" })
    .filter(({ from_table, to_tables_json }) => {
      const table = expected.get(from_table);
      const own = [`${subject.sourceKeyspace}.${table}`, `${subject.keyspace}.${table}`];
      return table !== undefined && toTables(to_tables_json).every((name) => own.includes(name));
    })
    .map(({ from_table }) => from_table);
  if (fromTables.length === 0) return [];
  return [
    {
      kind: "routing.remove",
      server,
      key: record.key,
      fromTables,
      modRevision: record.modRevision,
      before: base64(record.value),
    },
  ];
};
