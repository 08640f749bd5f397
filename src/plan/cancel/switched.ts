import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardName } from "../view/shards.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";
import { ruleNames, ruleTables } from "./tables.js";

const SWITCH_BACK_READS =
  "route the reads back first (vtctldclient Reshard or MoveTables reversetraffic --tablet-types replica,rdonly), then cancel";
const SWITCH_BACK_WRITES =
  "a workflow whose writes are switched is ended with complete, or taken back with reversetraffic; cancelling it would leave no side that takes writes";
const KEEP_MATERIALIZED = "cancel with --keep-data, or take those rules away first";
const FINISH_SWITCH =
  "end the switch that was begun: vtctldclient Reshard or MoveTables switchtraffic --tablet-types primary --max-replication-lag-allowed 24h goes on from its journal";

/** Facts that say traffic is, or is about to be, on the targets (design D16, `cancel-path.md` 5.1 G4 and G5). */
export const switched = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly Refusal[] => [
  ...journal(snapshot, subject),
  ...frozen(subject),
  ...reverseRunning(subject),
  ...(subject.kind === "Reshard"
    ? [...shardFlags(subject), ...partitions(snapshot, subject), ...disabled(snapshot, subject)]
    : []),
  ...(subject.kind === "MoveTables" ? routing(snapshot, subject) : []),
  ...(subject.kind === "Materialize" && !options.keep
    ? routing(snapshot, subject).map(({ fact }) => ({ fact, instead: KEEP_MATERIALIZED }))
    : []),
];

const journal = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const derived = snapshot.all<{ id: string; found: number }>(
    "SELECT migration_id AS id, journal_found AS found FROM workflow WHERE keyspace = ? AND workflow = ?",
    subject.keyspace,
    subject.workflow,
  )[0];
  if (derived === undefined || derived.found === 0) return [];
  const holders = snapshot.all<{ alias: string; address: string }>(
    `SELECT coalesce(l.alias, j.address) AS alias, j.address FROM resharding_journal j LEFT JOIN live_tablet l USING (address)
     WHERE j.id = ? AND coalesce(l.type, 'PRIMARY') = 'PRIMARY' ORDER BY j.address`,
    derived.id,
  );
  return holders.map(({ alias }) => ({
    fact: `its switch of writes has begun: \`_vt.resharding_journal\` of ${alias} has its journal ${derived.id}`,
    instead: FINISH_SWITCH,
  }));
};

const frozen = (subject: CancelSubject): readonly Refusal[] =>
  subject.groups
    .flatMap((group) => group.streams.map((stream) => ({ group, stream })))
    .filter(({ stream }) => stream.frozen === 1)
    .map(({ group, stream }) => ({
      fact: `stream ${stream.id} on ${group.process.alias} is FROZEN: its writes were switched`,
      instead: SWITCH_BACK_WRITES,
    }));

/** A reverse stream that runs feeds the old side; one that an earlier ReverseTraffic froze does not forbid (scene S4). */
const reverseRunning = (subject: CancelSubject): readonly Refusal[] =>
  subject.reverse
    .filter((group) => group.streams.some((stream) => !["Stopped", "Error"].includes(stream.state)))
    .map((group) => ({
      fact: `${group.workflow} runs on ${group.process.alias}: its writes were switched`,
      instead: SWITCH_BACK_WRITES,
    }));

const shardFlags = (subject: CancelSubject): readonly Refusal[] => [
  ...subject.targets
    .filter((side) => side.record?.serving === 1)
    .map((side) => ({
      fact: `target ${shardName(side)} serves writes (${side.record?.key}, revision ${side.record?.revision})`,
      instead: SWITCH_BACK_WRITES,
    })),
  ...subject.sources
    .filter((side) => side.record?.serving !== 1)
    .map((side) => ({
      fact: `source ${shardName(side)} does not serve writes${side.record === null ? ": it has no record" : ` (${side.record.key}, revision ${side.record.revision})`}`,
      instead: SWITCH_BACK_WRITES,
    })),
];

interface Listing {
  readonly cell: string;
  readonly type: string;
  readonly shard: string;
  readonly key: string;
  readonly revision: number;
}

const partitions = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const listings = snapshot.all<Listing>(
    `SELECT cell, tablet_type AS type, shard, key, revision FROM srv_partition
     WHERE keyspace = ? ORDER BY cell, tablet_type, shard`,
    subject.keyspace,
  );
  const targets = new Set(subject.targets.map((side) => side.shard));
  const partitionOf = (one: Listing): string => `${one.cell} ${one.type}`;
  const onTargets = new Set(listings.filter((one) => targets.has(one.shard)).map(partitionOf));
  const others = new Map(
    listings.filter((one) => !onTargets.has(partitionOf(one))).map((one) => [partitionOf(one), one]),
  );
  return [
    ...listings
      .filter((one) => targets.has(one.shard))
      .map((one) => ({
        fact: `${one.type} queries of cell ${one.cell} go to target ${subject.keyspace}/${one.shard} (${one.key}, revision ${one.revision})`,
        instead: one.type === "PRIMARY" ? SWITCH_BACK_WRITES : SWITCH_BACK_READS,
      })),
    ...[...others.values()].flatMap((partition) =>
      subject.sources
        .filter(
          (side) =>
            !listings.some(
              (one) => one.cell === partition.cell && one.type === partition.type && one.shard === side.shard,
            ),
        )
        .map((side) => ({
          fact: `${partition.type} queries of cell ${partition.cell} do not go to source ${shardName(side)} (${partition.key}, revision ${partition.revision})`,
          instead: partition.type === "PRIMARY" ? SWITCH_BACK_WRITES : SWITCH_BACK_READS,
        })),
    ),
  ];
};

/** A cutover that died leaves the source disabled; after a cancel no workflow would be left to repair it by (verified.md 3.3). */
const disabled = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
  const sources = new Set(subject.sources.map((side) => side.shard));
  return snapshot
    .all<Listing>(
      `SELECT cell, tablet_type AS type, shard, key, revision FROM srv_control
       WHERE keyspace = ? AND query_service_disabled = 1 ORDER BY cell, tablet_type, shard`,
      subject.keyspace,
    )
    .filter((one) => sources.has(one.shard))
    .map((one) => ({
      fact: `${one.type} queries of source ${subject.keyspace}/${one.shard} are disabled in cell ${one.cell} (${one.key}, revision ${one.revision})`,
      instead: `vtctldclient SetShardTabletControl --disable-query-service=false ${subject.keyspace}/${one.shard} ${one.type.toLowerCase()} and RefreshStateByShard, then cancel`,
    }));
};

/** A rule that leads to the target means that it is read or written there. */
const routing = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => {
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
