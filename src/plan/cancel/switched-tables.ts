import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";
import { SWITCH_BACK_READS, SWITCH_BACK_WRITES } from "./switch-words.js";
import { ruleNames, ruleTables } from "./tables.js";

/** A rule that leads to the target means that it is read or written there. */
export const tablesSwitched = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const names = new Set(
    ruleTables(snapshot, subject.groups).flatMap((table) =>
      ruleNames(subject.sourceKeyspace, subject.keyspace, table),
    ),
  );
  return snapshot
    .all<{ scope: string; from: string; to: string; key: string; revision: number }>(
      `SELECT scope, from_table AS "from", to_tables_json AS "to", key, revision FROM routing_rule
       ORDER BY scope = 'global' DESC, scope, from_table`,
    )
    .filter((rule) => names.has(rule.from))
    .filter((rule) => toTables(rule.to).some((table) => table.startsWith(`${subject.keyspace}.`)))
    .map((rule) => ({
      fact: `the rule ${rule.from} leads to ${toTables(rule.to).join(", ")} ${rule.scope === "global" ? "" : `in cell ${rule.scope} `}(${rule.key}, revision ${rule.revision})`,
      instead: /@(replica|rdonly)$/.test(rule.from) ? SWITCH_BACK_READS : SWITCH_BACK_WRITES,
    }));
};

export const toTables = (json: string): readonly string[] => {
  const parsed: unknown = JSON.parse(json);
  return Array.isArray(parsed) ? parsed.filter((table) => typeof table === "string") : [];
};
