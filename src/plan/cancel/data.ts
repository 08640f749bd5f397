import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { probed } from "../view/processes.js";
import { type StreamGroup, streamsAt } from "../view/streams.js";
import type { CancelSubject } from "./subject.js";
import { copiedTables, matches, rulesOf } from "./tables.js";

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
