import type {
  KeyspaceRoutingRule,
  MirrorRule,
  RoutingRule,
  ShardRoutingRule,
} from "../../proto/gen/vschema_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import {
  keyspaceRoutingRulesKey,
  mirrorRulesKey,
  routingRulesKey,
  shardRoutingRulesKey,
} from "../../topology/paths.js";
import { toTables } from "../cancel/table-sets.js";
import type { DraftStep } from "../draft.js";
import { globalRoot } from "../facts/topology.js";
import { keyspaceRoutingRules } from "../records/keyspace-routing-rules.js";
import { mirrorRules } from "../records/mirror-rules.js";
import { editRecord, withoutRules } from "../records/record-type.js";
import { routingRules } from "../records/routing-rules.js";
import { shardRoutingRules } from "../records/shard-routing-rules.js";

type Named = Readonly<Record<string, string>>;
type Without = (snapshot: Snapshot, object: Named) => readonly DraftStep[];

const isIn = (list: string | undefined, name: string): boolean => (list ?? "").split(",").includes(name);

const at = (snapshot: Snapshot, keyOf: (root: string) => string) => {
  const { server, root } = globalRoot(snapshot);
  return { server, key: keyOf(root) };
};

/** By the rule of vtdoctor that found them, from what its finding names: the write of their record without them. */
export const WITHOUT: Readonly<Record<string, Without>> = {
  "mirror-rules-orphan": (snapshot, { keyspace, tables }) => {
    const goes = ({ fromTable, toTable }: MirrorRule) =>
      isIn(tables, fromTable) && toTable.startsWith(`${keyspace}.`);
    return editRecord(snapshot, mirrorRules, {}, at(snapshot, mirrorRulesKey), withoutRules(goes));
  },
  "shard-routing-rules-orphan": (snapshot, { keyspace, to, shards }) => {
    const goes = ({ fromKeyspace, shard, toKeyspace }: ShardRoutingRule) =>
      fromKeyspace === keyspace && isIn(shards, shard) && toKeyspace === to;
    const key = at(snapshot, shardRoutingRulesKey);
    return editRecord(snapshot, shardRoutingRules, {}, key, withoutRules(goes));
  },
  "keyspace-routing-rules-orphan": (snapshot, { to, names }) => {
    const goes = ({ fromKeyspace, toKeyspace }: KeyspaceRoutingRule) =>
      isIn(names, fromKeyspace) && toKeyspace === to;
    const key = at(snapshot, keyspaceRoutingRulesKey);
    return editRecord(snapshot, keyspaceRoutingRules, {}, key, withoutRules(goes));
  },
  "routing-rules-orphan": (snapshot, object) => {
    const names = needless(snapshot, object);
    const goes = ({ fromTable }: RoutingRule) => names.includes(fromTable);
    return editRecord(snapshot, routingRules, {}, at(snapshot, routingRulesKey), withoutRules(goes));
  },
};

/** Of rules that all lead to `keyspace`, those that say no more than its VSchema: without them the names lead there too. */
const needless = (snapshot: Snapshot, { keyspace = "", tables = "" }: Named): readonly string[] =>
  tables.split(",").flatMap((table) => {
    const owners = snapshot.rows("vschema_table", { scope: "global", table_name: table });
    const isOnly = owners.length > 0 && owners.every((owner) => owner.keyspace === keyspace);
    return rulesOf(snapshot, table)
      .filter(
        ({ name, goals }) =>
          goals.join() === `${keyspace}.${table}` && (name === goals[0] || (isOnly && name === table)),
      )
      .map(({ from }) => from);
  });

/** Names that a keyspace is led away from by a rule alone. */
export const ledAway = (
  snapshot: Snapshot,
  { keyspace, other = "", tables = "" }: Named,
): readonly string[] =>
  tables
    .split(",")
    .filter((table) => rulesOf(snapshot, table).some(({ name }) => name === `${other}.${table}`))
    .map(
      (table) =>
        `queries of ${other}.${table} go on to lead to ${keyspace} by rules of their own, which stay: what ${other} has of it nobody has proven to be the same`,
    );

const rulesOf = (snapshot: Snapshot, table: string) =>
  snapshot.rows("routing_rule", { scope: "global" }).flatMap(({ from_table: from, to_tables_json }) => {
    const [name = ""] = from.split("@");
    return name === table || name.endsWith(`.${table}`)
      ? [{ from, name, goals: toTables(to_tables_json) }]
      : [];
  });
