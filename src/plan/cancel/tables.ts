import { RefusedError } from "../../cluster/errors.js";
import { matchesTable } from "../../cluster/stream-source.js";
import type { StreamRuleRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { isPrimary, processesOfShard } from "../view/processes.js";
import type { StreamFact, StreamGroup } from "../view/streams.js";
import { baseTables } from "../view/tables.js";

/** Rule filter that keeps a table out (binlog_player.ExcludeStr). */
const EXCLUDE = "exclude";

type Rule = Pick<StreamRuleRow, "match" | "filter">;

/** The base tables on the group's tablet that its streams copied there, ascending. */
export const copiedTables = (snapshot: Snapshot, group: StreamGroup): readonly string[] => {
  const present = baseTables(snapshot, group.process.address, group.dbName);
  const streams = group.streams.map((stream) => ({
    rules: rulesOf(snapshot, stream),
    source: sourceTables(snapshot, stream),
  }));
  return present.filter((table) =>
    streams.some(({ rules, source }) => {
      const rule = rules.find((candidate) => matches(candidate, table));
      if (rule === undefined || rule.filter === EXCLUDE) return false;
      return !isPattern(rule) || source.has(table);
    }),
  );
};

/** The names in the rules themselves: what MoveTables denies and routes. */
export const ruleTables = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly string[] =>
  [
    ...new Set(
      groups
        .flatMap((group) => group.streams)
        .flatMap((stream) => rulesOf(snapshot, stream))
        .filter((rule) => !isPattern(rule) && rule.filter !== EXCLUDE)
        .map((rule) => rule.match),
    ),
  ].sort();

/** The nine routing rules that MoveTables writes for a table (docs/vitess.md#movetables-records). */
export const ruleNames = (source: string, target: string, table: string): readonly string[] =>
  [table, `${target}.${table}`, `${source}.${table}`].flatMap((name) => [
    name,
    `${name}@replica`,
    `${name}@rdonly`,
  ]);

export const toTables = (json: string): readonly string[] => {
  const parsed: unknown = JSON.parse(json);
  return Array.isArray(parsed) ? parsed.filter((table) => typeof table === "string") : [];
};

export const rulesOf = (snapshot: Snapshot, stream: StreamFact): readonly Rule[] =>
  snapshot.rows("stream_rule", { address: stream.address, id: stream.id });

const isPattern = (rule: Rule): boolean => rule.match.startsWith("/");

/** As vttablet: the first rule that matches decides. */
export const matches = (rule: Rule, table: string): boolean => {
  const answer = matchesTable(rule, table);
  if (answer !== null) return answer;
  throw new RefusedError(
    `the table pattern ${rule.match} of a stream can not be read: nothing is decided on it`,
  );
};

const sourceTables = (snapshot: Snapshot, stream: StreamFact): ReadonlySet<string> =>
  new Set(
    processesOfShard(snapshot, stream.sourceKeyspace, stream.sourceShard)
      .filter(isPrimary)
      .flatMap((source) => baseTables(snapshot, source.address, source.dbName)),
  );
