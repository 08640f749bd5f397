import type { AppliedDenialRow, SequenceStateRow } from "../../snapshot/gen/tables.js";
import type { TableDefinition } from "../../tablets/access.js";
import type { CollectSources } from "../settings.js";
import { answerOf, type ProbeLog, type TabletAnswers } from "./answers.js";

/**
 * The tables that a primary denies. That it may show its rules to nobody (`--security-policy`) takes nothing away from the rest: only an answer
 * leaves a probe. What another process on that port says is not this one's word.
 */
export async function askDenied(
  { target: { address, at }, vars }: TabletAnswers,
  log: ProbeLog,
  { tablets }: CollectSources,
): Promise<readonly AppliedDenialRow[]> {
  if (vars === null) return [];
  const denied = await tablets.deniedTables(at);
  if (denied.kind === "unanswered") return [];
  log.note("queryRules", denied);
  return denied.value.map((table_name) => ({ address, table_name }));
}

/** Of those of `tables` that have the columns of a sequence: others can not be asked for its row. */
export async function askSequences(
  { address, at }: TabletAnswers["target"],
  tables: readonly TableDefinition[],
  log: ProbeLog,
  { tablets }: CollectSources,
): Promise<readonly SequenceStateRow[]> {
  const names = tables.filter(isSequence).map(({ database, name }) => ({ database, name }));
  if (names.length === 0) return [];
  const rows = answerOf(await log.ask("sequences", tablets.sequences(at, names))) ?? [];
  return rows.map(({ database, name, nextId, cache }) => ({
    address,
    db_name: database,
    table_name: name,
    next_id: nextId,
    cache,
  }));
}

const isSequence = ({ type, definition }: TableDefinition): boolean =>
  type === "BASE TABLE" && ["id", "next_id", "cache"].every((column) => definition.includes(`\`${column}\``));
