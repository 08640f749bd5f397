import { parseAlias } from "../../cluster/alias.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { shardKey, shardReplicationKey, tabletKey } from "../../topology/paths.js";
import type { Stopping } from "../context.js";
import { distinct } from "../distinct.js";
import type { DraftStage, DraftStep } from "../draft.js";
import type { Read } from "../refs.js";
import { commandFor } from "../stop-command.js";
import type { OrphanShard } from "../view/dropped-shard.js";
import { globalRoot, keyFact, keyRead } from "../view/keys.js";
import { isPrimary, type Process, tabletRef } from "../view/processes.js";
import { cells, keyspaceLocks, shardName, shardNames } from "../view/shard-records.js";
import { servingReads } from "../view/srv-keyspaces.js";
import { silentMembers } from "./dropped-tablets.js";

interface Key {
  readonly server: string;
  readonly key: string;
}

/** `stopping`: how the vttablets end; without it nothing is retired. */
export const retireStages = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  stopping: Stopping,
): readonly DraftStage[] => [
  {
    title: `End the vttablets of ${shardNames(orphans)}`,
    locks: keyspaceLocks(snapshot, [...new Set(orphans.map(({ keyspace }) => keyspace))]),
    steps: orphans.flatMap((orphan) => endSteps(snapshot, orphan, stopping)),
  },
  {
    title: `Watch that the vttablets of ${shardNames(orphans)} stay away`,
    locks: [],
    steps: stayAwaySteps(snapshot, orphans, stopping),
  },
];

/** Replicas first. One whose record exists would publish and live on, so only a command ends it. */
export const endSteps = (snapshot: Snapshot, orphan: OrphanShard, stopping: Stopping): readonly DraftStep[] =>
  orphan.processes
    .toSorted((one, other) => Number(isPrimary(one)) - Number(isPrimary(other)))
    .flatMap((process): readonly DraftStep[] => {
      const key = tabletRecordKey(snapshot, process);
      return key === null
        ? []
        : [
            {
              kind: "tablet.stop",
              tablet: tabletRef(snapshot, process),
              ...key,
              command:
                stopping.kind === "command"
                  ? commandFor(stopping.template, tabletRef(snapshot, process))
                  : null,
            },
          ];
    });

/** One watch for all of them: it takes its time. */
const stayAwaySteps = (
  snapshot: Snapshot,
  orphans: readonly OrphanShard[],
  { watchMs }: Stopping,
): readonly DraftStep[] => {
  const processes = orphans.flatMap((orphan) => orphan.processes);
  const keys = orphans.flatMap((orphan) => recordKeys(snapshot, orphan));
  return processes.length === 0
    ? []
    : [
        {
          kind: "tablet.stay-away",
          tablets: processes.map((process) => tabletRef(snapshot, process)),
          keys: keys.filter(({ server, key }) => keyFact(snapshot, server, key) === null),
          watchMs,
        },
      ];
};

/** What the retirement rests on: that the records are gone, and where queries go. */
export const retireReads = (snapshot: Snapshot, orphan: OrphanShard): readonly Read[] => [
  ...recordKeys(snapshot, orphan)
    .filter(({ server, key }) => keyFact(snapshot, server, key) === null)
    .map(({ server, key }) => keyRead(snapshot, server, key)),
  ...servingReads(snapshot, orphan.keyspace),
];

/** What nobody can promise: a tablet that is down now brings the shard back when it starts. */
export const retireNotes = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] => [
  ...silentMembers(snapshot, orphan).map(
    (alias) =>
      `${alias} of ${shardName(orphan)} does not answer: if it is started again, it brings the shard back; remove its vttablet for good`,
  ),
  `the MySQL servers of ${shardName(orphan)} run on with their data; they are yours to stop`,
];

export const recordKeys = (snapshot: Snapshot, orphan: OrphanShard): readonly Key[] => {
  const { server, root } = globalRoot(snapshot);
  const shard = orphan.deletion?.key ?? shardKey(root, orphan.keyspace, orphan.shard);
  const replication = orphan.processes.flatMap((process) => {
    const cell = cells(snapshot).find(({ cell }) => cell === process.cell);
    return cell === undefined
      ? []
      : [{ server: cell.server, key: shardReplicationKey(cell.root, orphan.keyspace, orphan.shard) }];
  });
  const all = [
    { server, key: shard },
    ...replication,
    ...orphan.processes.flatMap((process) => tabletRecordKey(snapshot, process) ?? []),
  ];
  return distinct(all);
};

export const tabletRecordKey = (snapshot: Snapshot, process: Process): Key | null => {
  const alias = parseAlias(process.alias);
  const cell = cells(snapshot).find(({ cell }) => cell === process.cell);
  return alias === null || cell === undefined
    ? null
    : { server: cell.server, key: tabletKey(cell.root, alias) };
};
