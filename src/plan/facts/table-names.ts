import type { Snapshot } from "../../snapshot/snapshot.js";

/** Rules that a cancel with --keep-routing-rules leaves; whether they are wanted nobody but the operator knows. */
export const rulesLeadingAway = (
  snapshot: Snapshot,
  keyspace: string,
  tables: readonly string[],
): readonly string[] => {
  const rules = snapshot
    .rows("routing_rule", { scope: "global" })
    .filter(({ from_table, to_tables_json }) =>
      tables.some((table) => {
        const [name = ""] = from_table.split("@");
        const leadsAway = !to_tables_json.includes(`"${keyspace}.${table}"`);
        return leadsAway && (name === table || name === `${keyspace}.${table}`);
      }),
    )
    .map(
      ({ from_table, to_tables_json }) =>
        `${from_table} -> ${(JSON.parse(to_tables_json) as readonly string[]).join(", ")}`,
    );
  return rules.length === 0
    ? []
    : [
        `routing rules still lead queries away (${rules.join("; ")}); they stay: take them out of vtctldclient GetRoutingRules and put the rest back with ApplyRoutingRules if ${keyspace} is to be used through vtgate`,
      ];
};

/** Names that a vtgate can not tell between keyspaces. */
export const ambiguousTables = (
  snapshot: Snapshot,
  keyspace: string,
  tables: readonly string[],
): readonly string[] =>
  tables.flatMap((table) => {
    const others = snapshot
      .rows("vschema_table", { scope: "global", table_name: table })
      .map((row) => row.keyspace);
    return others.includes(keyspace) && others.length > 1
      ? [
          `${table} is in the VSchemas of ${others.join(" and ")}: a query that names no keyspace is refused as ambiguous until one entry is taken away`,
        ]
      : [];
  });
