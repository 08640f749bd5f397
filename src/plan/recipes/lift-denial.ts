import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey } from "../../topology/paths.js";
import type { DraftStep } from "../draft.js";
import { isPrimary, processesOfShard, tabletRef } from "../facts/processes.js";
import { groupStreams, streamPremise, streamsAt } from "../facts/stream-facts.js";
import {
  globalRoot,
  keyPremise,
  keyspaceLocks,
  type ShardRecord,
  shardName,
  shardRecords,
} from "../facts/topology.js";
import { editRecord } from "../records/record-type.js";
import { shard as shardType, withoutDenials } from "../records/shard.js";
import { repair } from "../repair.js";

interface Denial {
  readonly record: ShardRecord;
  /** Of those that the finding names, the ones that are still denied. */
  readonly tables: readonly string[];
}

/**
 * Takes the tables that a cancel with --keep-data left denied off the Shard record, and lets the shard's tablets read it again
 * (docs/vitess.md#kept-denials). Which tables nobody uses is the finding's to say; they are read again here.
 */
export const liftDenial = repair<Denial>({
  name: "lift-denial",
  runs: "records",
  of: (snapshot, [{ object }]) => {
    const { keyspace = "", shard = "", tables: named = "" } = object;
    const record = shardRecords(snapshot, keyspace).find((one) => one.shard === shard);
    const denied = deniedTables(snapshot, keyspace, shard);
    const tables = named.split(",").filter((table) => denied.includes(table));
    return record === undefined || tables.length === 0
      ? {
          reason: `${keyspace}/${shard} does not deny these tables any more`,
          instead: "nothing: scan again",
        }
      : { record, tables };
  },
  plan: (snapshot, { record, tables }) => ({
    title: `Let ${shardName(record)} serve ${tables.join(", ")} again`,
    locks: keyspaceLocks(snapshot, [record.keyspace]),
    steps: [
      ...editRecord(
        snapshot,
        shardType,
        { keyspace: record.keyspace, shard: record.shard },
        record,
        withoutDenials(tables),
      ),
      ...refreshes(snapshot, record),
    ],
    restsOn: [
      keyPremise(snapshot, record.server, record.key),
      keyPremise(snapshot, globalRoot(snapshot).server, routingRulesKey(globalRoot(snapshot).root)),
      ...processesOfShard(snapshot, record.keyspace, record.shard)
        .filter(isPrimary)
        .flatMap((process) => groupStreams(process, streamsAt(snapshot, process.address)))
        .map((group) => streamPremise(snapshot, group)),
    ],
    notes: [
      `${tables.join(", ")} in ${shardName(record)} is a copy as old as the cancel: from now on clients can write to it, and nothing brings it in step with its source`,
      ...ruleNotes(snapshot, record.keyspace, tables),
      ...vschemaNotes(snapshot, record.keyspace, tables),
    ],
  }),
});

const deniedTables = (snapshot: Snapshot, keyspace: string, shard: string): readonly string[] =>
  snapshot
    .rows("denied_table", { keyspace, shard, tablet_type: "PRIMARY" })
    .map(({ table_name }) => table_name);

const refreshes = (snapshot: Snapshot, { keyspace, shard }: ShardRecord): readonly DraftStep[] =>
  processesOfShard(snapshot, keyspace, shard)
    .filter((process) => process.record === "present")
    .map((process) => ({ kind: "tablet.refresh", tablet: tabletRef(snapshot, process) }));

/** Rules that a cancel with --keep-routing-rules leaves; whether they are wanted nobody but the operator knows. */
const ruleNotes = (snapshot: Snapshot, keyspace: string, tables: readonly string[]): readonly string[] => {
  const rules = snapshot
    .rows("routing_rule", { scope: "global" })
    .filter(({ from_table, to_tables_json }) =>
      tables.some((table) => {
        const [name = ""] = from_table.split("@");
        const leadsAway = !to_tables_json.includes(`"${keyspace}.${table}"`);
        return leadsAway && (name === table || name === `${keyspace}.${table}`);
      }),
    )
    .map(
      ({ from_table, to_tables_json }) =>
        `${from_table} -> ${(JSON.parse(to_tables_json) as readonly string[]).join(", ")}`,
    );
  return rules.length === 0
    ? []
    : [
        `routing rules still lead queries away (${rules.join("; ")}); they stay: take them out of vtctldclient GetRoutingRules and put the rest back with ApplyRoutingRules if ${keyspace} is to be used through vtgate`,
      ];
};

const vschemaNotes = (snapshot: Snapshot, keyspace: string, tables: readonly string[]): readonly string[] =>
  tables.flatMap((table) => {
    const others = snapshot
      .rows("vschema_table", { scope: "global", table_name: table })
      .map((row) => row.keyspace);
    return others.includes(keyspace) && others.length > 1
      ? [
          `${table} is in the VSchemas of ${others.join(" and ")}: a query that names no keyspace is refused as ambiguous until one entry is taken away`,
        ]
      : [];
  });
