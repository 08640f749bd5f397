import type { Guard } from "../draft.js";
import type { Process } from "../facts/processes.js";
import type { ShardRef } from "../facts/topology.js";

/** A tablet that is to do what the records of its shard say. */
interface Refreshed {
  readonly record: ShardRef;
  readonly process: Process;
}

/**
 * Queries lead to tables that it would refuse from then on, whoever is right: its record, or who leads them there. Of a pattern only vttablet says
 * which tables it means.
 */
export const stillQueried: Guard<Refreshed> = (snapshot, { record: { keyspace, shard }, process }) => {
  const { address, type } = process;
  const [led] = snapshot.all<{ name: string; denied: string }>(
    `SELECT min(q.name) AS name, d.table_name AS denied FROM denied_table d
     JOIN query_name q ON q.keyspace = d.keyspace AND q.tablet_type = d.tablet_type AND (q.table_name = d.table_name OR d.table_name LIKE '/%')
     WHERE d.keyspace = ? AND d.shard = ? AND d.tablet_type = ?
       AND d.table_name NOT IN (SELECT table_name FROM applied_denial WHERE address = ?)
     GROUP BY d.table_name ORDER BY d.table_name`,
    ...[keyspace, shard, type, address],
  );
  if (led === undefined) return [];
  return [
    {
      reason: `${process.alias} serves ${led.denied}, which the Shard record of ${keyspace}/${shard} denies, and queries for ${led.name} lead there: they would fail once it heeds its record`,
      instead: `where the record is right, lead those queries elsewhere first; where it is not, take the denial off the record, and scan again`,
    },
  ];
};
