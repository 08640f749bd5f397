import { matchesTable } from "../../cluster/stream-source.js";
import type { Guard } from "../draft.js";
import { shardNames } from "../facts/topology.js";
import type { OpenedSide } from "../serving/denied-sides.js";
import { unseenJournals } from "./journals.js";

const PHASES: Readonly<Record<OpenedSide["side"], readonly string[]>> = {
  source: ["cutover"],
  target: ["switched"],
};

/** Past its journal a switch goes on to its end; before it, and after its end, the rows are where its phase says. */
export const pastJournal: Guard<OpenedSide> = (_, { workflow, journals, side, back }) => {
  const { keyspace, workflow: name, phase } = workflow;
  if (
    back !== "cutover-journaled" &&
    PHASES[side].includes(phase) &&
    (side === "target" || journals.length === 0)
  )
    return [];
  const told = back === "cutover-journaled" ? `its way back is ${back}` : `it is ${phase}`;
  return [
    {
      reason: `which side of ${keyspace}.${name} has the newest rows is not proven: ${told}`,
      instead: "end the switch in the direction in which it was begun",
    },
  ];
};

/** Those of the way back lie on the target. */
export const unseenOnTarget: Guard<OpenedSide> = (snapshot, opened) => {
  const { workflow, side, shards } = opened;
  const sources = shards.map(({ shard }) => shard);
  return side === "source"
    ? []
    : unseenJournals(snapshot, {
        ...opened,
        workflow: { ...workflow, sourceKeyspace: workflow.keyspace, sources },
      });
};

/** Rules that lead to the other side, which stays closed. */
export const ledToOther: Guard<OpenedSide> = (snapshot, { workflow, side, tables }) => {
  const other = side === "source" ? workflow.keyspace : workflow.sourceKeyspace;
  const rules = snapshot.rows("routing_rule", { scope: "global" });
  const led = rules.find(
    ({ from_table, to_tables_json }) =>
      !from_table.includes("@") && tables.some((table) => to_tables_json.includes(`"${other}.${table}"`)),
  );
  return led === undefined
    ? []
    : [
        {
          reason: `the routing rule of ${led.from_table} leads to ${other}, the other side`,
          instead: "lead all of them to the side that has the newest rows first, and scan again",
        },
      ];
};

/** A stream that writes the tables there: who writes beside it makes them differ from what it copies. */
export const fedThere: Guard<OpenedSide> = (snapshot, { shards, tables }) => {
  const streams = shards.flatMap(({ keyspace, shard }) =>
    snapshot.rows("stream", { keyspace, shard, active: 1 }),
  );
  const writer = streams.find(({ address, id }) =>
    snapshot
      .rows("stream_rule", { address, id })
      .some(
        (rule) => rule.filter !== "exclude" && tables.some((table) => matchesTable(rule, table) !== false),
      ),
  );
  return writer === undefined
    ? []
    : [
        {
          reason: `stream ${writer.id} of ${writer.workflow} on ${writer.alias} writes these tables in ${shardNames(shards)}`,
          instead: "stop that workflow, and see which side has the newest rows",
        },
      ];
};
