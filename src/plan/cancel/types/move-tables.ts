import type { RoutingRule } from "../../../proto/gen/vschema_pb.js";
import type { Snapshot } from "../../../snapshot/snapshot.js";
import { routingRulesKey, vschemaKey } from "../../../topology/paths.js";
import type { DraftStep } from "../../draft.js";
import { streamsAt } from "../../facts/stream-facts.js";
import { cells, globalRoot, keyPremise, routingRulesPremise } from "../../facts/topology.js";
import type { Premise } from "../../fields.js";
import { editRecord, withoutRules } from "../../records/record-type.js";
import { routingRules } from "../../records/routing-rules.js";
import { liftDenials } from "../../records/shard.js";
import { vschema, withoutTables } from "../../records/vschema.js";
import { refusalOf } from "../switched.js";
import { matches, ruleNames, rulesOf, ruleTables, toTables } from "../table-sets.js";
import type { CancelSubject, CancelType, Side } from "./cancel-type.js";

/** Tables: rules in every copy and the sources' denied tables say whose traffic they are. */
export const moveTables: CancelType = {
  forbidding: refusalOf,
  namesTables: true,
  restsOn: rulePremises,
  couldTarget: () => true,
  readsItsTable: () => true,
  copies: () => [],
  records: (snapshot, subject, { keep, keepRoutingRules }) => ({
    denials: denialSteps(snapshot, subject),
    routing: [
      ...(keepRoutingRules ? [] : routingSteps(snapshot, subject, { keep })),
      ...(keep && keepRoutingRules ? [] : vschemaSteps(snapshot, subject, { keep })),
    ],
    // A vtgate only weighs denied tables and rules anew when SrvVSchema changes (docs/vitess.md#srvvschema).
    last: [{ kind: "srvvschema.rebuild", cells: cells(snapshot).map(({ cell }) => cell) }],
    notes: keepRoutingRules ? [] : routingNotes(snapshot, subject, { keep }),
  }),
  keepsData: false,
  retirement: null,
};

export function rulePremises(snapshot: Snapshot): readonly Premise[] {
  const graphs = snapshot.rows("srv_vschema");
  return [
    routingRulesPremise(snapshot),
    ...graphs.map(({ server, key }) => keyPremise(snapshot, server, key)),
  ];
}

/**
 * Takes the workflow's tables off the denied tables on both sides, also where the data is kept: Vitess leaves them denied on the target
 * then (docs/vitess.md#kept-denials), and nothing would ever lift them. A table that another workflow names stays as it is.
 */
const denialSteps = (snapshot: Snapshot, subject: CancelSubject): readonly DraftStep[] => {
  const tables = ruleTables(snapshot, subject.groups);
  return [...subject.targets, ...subject.sources].flatMap((side) =>
    sideSteps(snapshot, subject, side, tables),
  );
};

const sideSteps = (
  snapshot: Snapshot,
  subject: CancelSubject,
  side: Side,
  tables: readonly string[],
): readonly DraftStep[] => {
  if (side.record === null) return [];
  const taken = namedByOthers(snapshot, subject, side, tables);
  const rows = snapshot.rows("denied_table", { keyspace: side.keyspace, shard: side.shard });
  const denied = [...new Set(rows.map(({ table_name }) => table_name))]
    .filter((name) => tables.includes(name) && !taken.has(name))
    .sort();
  return denied.length === 0 ? [] : liftDenials(snapshot, side.record, denied);
};

/** Tables that a stream of another workflow into or out of the shard names. */
const namedByOthers = (
  snapshot: Snapshot,
  subject: CancelSubject,
  side: Side,
  tables: readonly string[],
): ReadonlySet<string> => {
  const addresses = snapshot.all<{ address: string }>(
    `SELECT DISTINCT address FROM stream
     WHERE (keyspace = ? AND shard = ?) OR (source_external = '' AND source_keyspace = ? AND source_shard = ?)
     ORDER BY address`,
    side.keyspace,
    side.shard,
    side.keyspace,
    side.shard,
  );
  const own = (stream: { readonly keyspace: string; readonly workflow: string }): boolean =>
    (stream.keyspace === subject.keyspace && stream.workflow === subject.workflow) ||
    (stream.keyspace === subject.sourceKeyspace && stream.workflow === `${subject.workflow}_reverse`);
  const rules = addresses
    .flatMap(({ address }) => streamsAt(snapshot, address))
    .filter((stream) => !own(stream))
    .flatMap((stream) => rulesOf(snapshot, stream));
  return new Set(tables.filter((table) => rules.some((rule) => matches(rule, table))));
};

/**
 * The nine rules of each table, as far as they lead to this workflow's two keyspaces; all others stay (docs/vitess.md#cancel-order). So do
 * those of the bare name of a table that the target's VSchema goes on to list: without them the name would be ambiguous, or mean the target
 * where the source's VSchema lists nothing (vtgate/vindexes/vschema.go buildGlobalTables).
 */
const routingSteps = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly DraftStep[] => {
  const { server, root } = globalRoot(snapshot);
  const listed = listedAfter(snapshot, subject, options);
  const fromTables = ownRules(snapshot, subject)
    .filter(({ name, table }) => !(isBare(name) && listed.includes(table)))
    .map(({ name }) => name);
  const at = { server, key: routingRulesKey(root) };
  return editRecord(
    snapshot,
    routingRules,
    {},
    at,
    withoutRules<RoutingRule>(({ fromTable }) => fromTables.includes(fromTable)),
  );
};

const ownRules = (
  snapshot: Snapshot,
  subject: CancelSubject,
): readonly { readonly name: string; readonly table: string }[] => {
  const expected = new Map(
    ruleTables(snapshot, subject.groups).flatMap((table) =>
      ruleNames(subject.sourceKeyspace, subject.keyspace, table).map((name) => [name, table] as const),
    ),
  );
  return snapshot
    .rows("routing_rule", { scope: "global" })
    .flatMap(({ from_table: name, to_tables_json }) => {
      const table = expected.get(name);
      const own = [`${subject.sourceKeyspace}.${table}`, `${subject.keyspace}.${table}`];
      return table !== undefined && toTables(to_tables_json).every((to) => own.includes(to))
        ? [{ name, table }]
        : [];
    });
};

const isBare = (name: string): boolean => !name.includes(".");

/** Tables of the workflow that the target's VSchema lists when the cancel is done. */
const listedAfter = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly string[] => {
  const gone = entriesToGo(snapshot, subject, options);
  return ruleTables(snapshot, subject.groups).filter(
    (table_name) =>
      !gone.includes(table_name) &&
      snapshot.rows("vschema_table", { scope: "global", keyspace: subject.keyspace, table_name }).length > 0,
  );
};

const routingNotes = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly string[] => {
  const { keyspace, sourceKeyspace } = subject;
  const rules = ownRules(snapshot, subject);
  const listed = listedAfter(snapshot, subject, options);
  const kept = rules.filter(({ name, table }) => isBare(name) && listed.includes(table));
  const tables = [...new Set(kept.map(({ table }) => table))].join(", ");
  const copies = rules.filter(({ name, table }) => options.keep && name === `${keyspace}.${table}`);
  return [
    ...(kept.length === 0
      ? []
      : [
          `the VSchema of ${keyspace} goes on to list ${tables}, so the routing rules ${kept.map(({ name }) => name).join(", ")} stay: without them such a name would be ambiguous, or mean ${keyspace}. Take ${tables} out of that VSchema before you take these rules away`,
        ]),
    ...(copies.length === 0
      ? []
      : [
          `${copies.map(({ name }) => name).join(", ")} led to ${sourceKeyspace} until now, and leads to the kept copy then, which nothing brings in step with its source any more`,
        ]),
  ];
};

/**
 * MoveTables adds its tables to an unsharded target's VSchema; a sharded one is the operator's own work (docs/vitess.md#cancel-order).
 * Where the data is kept, entries go all the same that say nothing: once the routing rules are gone, a table that two VSchemas list is
 * an "ambiguous table reference" to every query that names no keyspace (seen on v24), and an unsharded keyspace is read without entries.
 */
const vschemaSteps = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly DraftStep[] => {
  const { server, root } = globalRoot(snapshot);
  const at = { server, key: vschemaKey(root, subject.keyspace) };
  const tables = entriesToGo(snapshot, subject, options);
  return editRecord(snapshot, vschema, { keyspace: subject.keyspace }, at, withoutTables(tables));
};

const entriesToGo = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly string[] => {
  const entries = unshardedEntries(snapshot, subject.keyspace);
  return ruleTables(snapshot, subject.groups).filter((table) => {
    const entry = entries[table];
    return entry !== undefined && (!options.keep || Object.keys(entry).length === 0);
  });
};

/** What an unsharded keyspace's VSchema says of its tables; nothing for a sharded one. */
const unshardedEntries = (snapshot: Snapshot, keyspace: string): Readonly<Record<string, object>> => {
  const [vschema] = snapshot.rows("vschema", { scope: "global", keyspace, sharded: 0 });
  const body = JSON.parse(vschema?.body_json ?? "{}") as {
    readonly tables?: Readonly<Record<string, object>>;
  };
  return body.tables ?? {};
};
