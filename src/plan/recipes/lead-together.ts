import { routingRulesKey } from "../../topology/paths.js";
import { type DraftStep, gone } from "../draft.js";
import { groupsOf, streamPremises, streamsOfWorkflow } from "../facts/stream-facts.js";
import { cells, globalRoot, keyspaceLocks, shardPremises } from "../facts/topology.js";
import { unknownStreams } from "../guards/moved-traffic.js";
import { moreThanRules } from "../guards/rules-in-force.js";
import { editRecord } from "../records/record-type.js";
import { routingRules } from "../records/routing-rules.js";
import { repair } from "../repair.js";
import { rebuildPremises } from "../serving/rebuild.js";

interface Contradicting {
  readonly keyspace: string;
  readonly workflow: string;
  readonly keyspaces: readonly string[];
  readonly steps: readonly DraftStep[];
}

/**
 * Rules of a MoveTables that lead to its other side than the rest of them (docs/vitess.md#movetables-records) lead to the same. Which side that is,
 * is the finding's to say and is read again here; that it serves, and that nobody is led away from rows of his own, is foreseen.
 */
export const leadTogether = repair<Contradicting>({
  name: "lead-together",
  runs: "records",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", workflow = "" } = object;
    const odd = snapshot.all<{ rule: string; goal: string; source: string }>(
      `SELECT e.from_table AS rule, e.to_keyspace || '.' || e.table_name AS goal, w.source_keyspace AS source
       FROM expected_routing e JOIN workflow w USING (keyspace, workflow)
       JOIN routing_rule r ON r.scope = 'global' AND r.from_table = e.from_table
       JOIN json_each(r.to_tables_json) j ON j.value IN (e.keyspace || '.' || e.table_name, w.source_keyspace || '.' || e.table_name)
       WHERE e.keyspace = ? AND e.workflow = ? AND j.value <> goal ORDER BY rule`,
      ...[keyspace, workflow],
    );
    const { server, root } = globalRoot(snapshot);
    const edit = editRecord(snapshot, routingRules, {}, { server, key: routingRulesKey(root) }, (record) => ({
      ...record,
      rules: record.rules.map((rule) => {
        const found = odd.find((one) => one.rule === rule.fromTable);
        return found === undefined ? rule : { ...rule, toTables: [found.goal] };
      }),
    }));
    if (edit.length === 0)
      return gone(`the routing rules of ${keyspace}.${workflow} lead to one side by now`);
    const keyspaces = [odd[0]?.source ?? "", keyspace];
    return { keyspace, workflow, keyspaces, steps: edit };
  },
  unless: [unknownStreams, moreThanRules],
  plan: (snapshot, { keyspace, workflow, keyspaces, steps }) => ({
    title: `Lead all names of ${keyspace}.${workflow} to the side to which most of them lead`,
    locks: [{ kind: "workflow", keyspace, workflow }, ...keyspaceLocks(snapshot, keyspaces)],
    steps: [...steps, { kind: "srvvschema.rebuild", cells: cells(snapshot).map(({ cell }) => cell) }],
    restsOn: [
      ...rebuildPremises(snapshot, cells(snapshot)),
      ...keyspaces.flatMap((name) => shardPremises(snapshot, name)),
      ...streamPremises(snapshot, groupsOf(snapshot, streamsOfWorkflow(snapshot, keyspace, workflow))),
    ],
  }),
});
