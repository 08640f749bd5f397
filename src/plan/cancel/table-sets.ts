import { RefusedError } from "../../cluster/errors.js";
import { matchesTable } from "../../cluster/stream-source.js";
import type { StreamRuleRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { baseTables, isPrimary, probed, processesOfShard } from "../facts/processes.js";
import { type StreamFact, type StreamGroup, streamsAt } from "../facts/stream-facts.js";
import type { CancelSubject } from "./types/cancel-type.js";

/** The tables of one target that are to go, and what depends on them there. */
export interface TableSet {
  readonly group: StreamGroup;
  readonly tables: readonly string[];
  readonly views: readonly string[];
}

/** One set a target: the tables of all its streams move in one statement, so that foreign keys among them stay whole. */
export const tableSets = (snapshot: Snapshot, groups: readonly StreamGroup[]): readonly TableSet[] => {
  const places = new Map<string, StreamGroup[]>();
  for (const group of groups) {
    const place = JSON.stringify([group.process.address, group.dbName]);
    places.set(place, [...(places.get(place) ?? []), group]);
  }
  return [...places.values()].flatMap((members) => {
    const [group] = members;
    if (group === undefined) return [];
    const tables = [...new Set(members.flatMap((member) => copiedTables(snapshot, member)))].sort();
    return [{ group, tables, views: brokenViews(snapshot, group, tables) }];
  });
};

/** What forbids to take the tables away (docs/decisions.md#d18). */
export const dataRefusals = (
  snapshot: Snapshot,
  subject: CancelSubject,
  sets: readonly TableSet[],
): readonly Obstacle[] => [
  ...unseen(snapshot, subject, sets),
  ...sets.flatMap((set) => triggers(snapshot, set)),
  ...sets.flatMap((set) => foreignKeys(snapshot, set)),
  ...sets.flatMap((set) => otherWriters(snapshot, subject, set)),
  ...sets.flatMap((set) => readers(snapshot, subject, set)),
];

const KEEP = "cancel with --keep-data, or take that away first";

const unseen = (
  snapshot: Snapshot,
  subject: CancelSubject,
  sets: readonly TableSet[],
): readonly Obstacle[] => {
  const questions = [
    ...sets.flatMap(({ group }) => [
      { process: group.process, channel: "schema", what: "which tables it has" },
      { process: group.process, channel: "triggers", what: "which triggers it has" },
    ]),
    ...subject.sources
      .flatMap((side) => side.primaries)
      .map((process) => ({ process, channel: "schema", what: "which tables it has" })),
  ];
  return questions
    .filter(({ process, channel }) => !probed(snapshot, process.address, channel))
    .map(({ process, what }) => ({
      reason: `${process.alias} did not say ${what}`,
      instead: "make it answer, or cancel with --keep-data",
    }));
};

const triggers = (snapshot: Snapshot, { group, tables }: TableSet): readonly Obstacle[] =>
  tables
    .flatMap((table_name) =>
      snapshot.rows("live_trigger", { address: group.process.address, db_name: group.dbName, table_name }),
    )
    .map(({ trigger_name, table_name }) => ({
      reason: `table ${group.dbName}.${table_name} on ${group.process.alias} has the trigger ${trigger_name}, and a table with a trigger can not be moved to another schema`,
      instead: KEEP,
    }));

const tablesAndViews = (snapshot: Snapshot, group: StreamGroup, table_type: "BASE TABLE" | "VIEW") =>
  snapshot.rows("live_table", { address: group.process.address, db_name: group.dbName, table_type });

/** A foreign key of a table that stays would follow into the hold. */
const foreignKeys = (snapshot: Snapshot, { group, tables }: TableSet): readonly Obstacle[] =>
  tablesAndViews(snapshot, group, "BASE TABLE")
    .filter(({ table_name }) => !tables.includes(table_name))
    .flatMap(({ table_name, definition }) =>
      tables
        .filter((table) => definition.includes(`REFERENCES \`${table.replaceAll("`", "``")}\``))
        .map((table) => ({
          reason: `table ${group.dbName}.${table_name} on ${group.process.alias} is not part of the workflow and has a foreign key to ${table}`,
          instead: KEEP,
        })),
    );

const brokenViews = (snapshot: Snapshot, group: StreamGroup, tables: readonly string[]): readonly string[] =>
  tablesAndViews(snapshot, group, "VIEW")
    .filter(({ definition }) => tables.some((table) => names(definition, table)))
    .map(({ table_name }) => table_name);

/** By name, quoted or not: a view too many in the list does no harm. */
const names = (definition: string, table: string): boolean => {
  const escaped = table.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(^|[^A-Za-z0-9_$])${escaped}([^A-Za-z0-9_$]|$)`).test(definition);
};

const otherWriters = (
  snapshot: Snapshot,
  subject: CancelSubject,
  { group, tables }: TableSet,
): readonly Obstacle[] => {
  const own = new Set([...subject.groups, ...subject.references].map((one) => one.workflow));
  return streamsAt(snapshot, group.process.address)
    .filter((stream) => !own.has(stream.workflow))
    .flatMap((stream) => {
      const rules = rulesOf(snapshot, stream);
      const shared = tables.filter((table) => rules.some((rule) => matches(rule, table)));
      return shared.length === 0
        ? []
        : [
            {
              reason: `stream ${stream.id} of ${stream.workflow} on ${group.process.alias} writes into ${shared.join(", ")} too`,
              instead: `cancel ${stream.workflow} first, or cancel with --keep-data`,
            },
          ];
    });
};

/** Workflows that stream from the tables: their streams end with `unknown table` when these go (docs/vitess.md#cancel-guards). */
const readers = (
  snapshot: Snapshot,
  subject: CancelSubject,
  { group, tables }: TableSet,
): readonly Obstacle[] => {
  const { keyspace, shard } = group.process;
  const own = (stream: StreamFact): boolean =>
    (stream.keyspace === subject.keyspace &&
      [...subject.groups, ...subject.references].some(({ workflow }) => workflow === stream.workflow)) ||
    (stream.keyspace === subject.sourceKeyspace && stream.workflow === `${subject.workflow}_reverse`);
  return snapshot
    .all<{ address: string }>(
      `SELECT DISTINCT address FROM stream
       WHERE source_external = '' AND source_keyspace = ? AND source_shard = ? ORDER BY address`,
      keyspace,
      shard,
    )
    .flatMap(({ address }) => streamsAt(snapshot, address))
    .filter((stream) => stream.sourceKeyspace === keyspace && stream.sourceShard === shard && !own(stream))
    .flatMap((stream) => {
      const rules = rulesOf(snapshot, stream);
      const read = tables.filter((table) => isRead(rules, table));
      const name = `${stream.keyspace}.${stream.workflow}`;
      return read.length === 0
        ? []
        : [
            {
              reason: `${name} reads ${read.join(", ")} of ${keyspace}/${shard}`,
              instead: `cancel ${name} first, or cancel with --keep-data`,
            },
          ];
    });
};

/** A query names the table that it reads, which may be another than the one that the rule writes. */
export const isRead = (rules: readonly Rule[], table: string): boolean => {
  if (rules.some(({ filter }) => tableRead(filter) === table)) return true;
  const first = rules.find((rule) => tableRead(rule.filter) === undefined && matches(rule, table));
  return first !== undefined && first.filter !== EXCLUDE;
};

/** The table that the query of a rule reads: it may be another than the one that it writes. */
export const tableRead = (query: string): string | undefined => {
  const [, quoted, plain] = /\bfrom\s+(?:`([^`]+)`|(\S+))/i.exec(query) ?? [];
  return quoted ?? plain;
};

/** Rule filter that keeps a table out (binlog_player.ExcludeStr). */
const EXCLUDE = "exclude";

type Rule = Pick<StreamRuleRow, "match" | "filter">;

/** The base tables on the group's tablet that its streams copied there, ascending. */
const copiedTables = (snapshot: Snapshot, group: StreamGroup): readonly string[] => {
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

export const isPattern = (rule: Rule): boolean => rule.match.startsWith("/");

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
