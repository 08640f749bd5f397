import { formatAlias } from "../../cluster/alias.js";
import { distinct } from "../../cluster/distinct.js";
import {
  type Shard,
  type Shard_TabletControl,
  ShardSchema,
  type TabletAlias,
} from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShard } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import { processesOfShard, tabletRef } from "../facts/processes.js";
import type { ShardRecord, ShardRef } from "../facts/topology.js";
import { filled } from "../fields.js";
import { shardRecord } from "../named-key.js";
import { quoted } from "../steps/text.js";
import { type Change, editRecord, type Merge, mergeNamed, recordType } from "./record-type.js";

type Controls = Shard_TabletControl[];

export const shard = recordType({
  kind: "shard",
  scope: { keyspace: filled, shard: filled },
  schema: ShardSchema,
  key: shardRecord,
  name: ({ keyspace, shard }) => `the Shard record of ${keyspace}/${shard}`,
  subject: ({ keyspace, shard }) => `Shard-${keyspace}-${shard}`,
  absent: "absent",
  says: ({ isPrimaryServing, primaryAlias }) =>
    [
      isPrimaryServing ? "it serves" : "it does not serve",
      ...(primaryAlias ? [`its primary is ${formatAlias(primaryAlias)}`] : []),
    ].join(" and "),
  parts: {
    primaryAlias: {
      changes: ({ keyspace, shard }, before, after) => [
        `names ${aliasWord(after)} as the primary of ${keyspace}/${shard} instead of ${aliasWord(before)}`,
      ],
      what: ({ keyspace, shard }) => `the primary of ${keyspace}/${shard}`,
      merge: (from, to, now) => {
        if (aliasWord(now) === aliasWord(to)) return { kind: "merged", value: now };
        return aliasWord(now) === aliasWord(from)
          ? { kind: "merged", value: to }
          : { kind: "clash", reason: `${aliasWord(now)} was named as primary since` };
      },
    },
    tabletControls: {
      changes: ({ keyspace, shard }, before, after) => {
        const [lifted, denied] = [onlyDenied(before, after), onlyDenied(after, before)];
        const tables = `the denied tables of ${keyspace}/${shard}`;
        return [
          ...(lifted.length === 0 ? [] : [`takes ${quoted(lifted)} off ${tables}`]),
          ...(denied.length === 0 ? [] : [`puts ${quoted(denied)} on ${tables}`]),
        ];
      },
      what: ({ keyspace, shard }, before, after) =>
        `the denied tables ${distinct([...onlyDenied(before, after), ...onlyDenied(after, before)]).join(", ")} of ${keyspace}/${shard}`,
      merge: mergeDenials,
    },
  },
});

function aliasWord(alias: TabletAlias | undefined): string {
  return alias === undefined ? "nobody" : formatAlias(alias);
}

/** Tables that the change takes off a shard's denied tables. */
export const lifts = ({ record, before, after }: Change): readonly string[] => {
  if (record.kind !== "shard" || before === null || after === null) return [];
  const [old, now] = [decodeShard(bytes(before)), decodeShard(bytes(after))];
  return old.kind === "answered" && now.kind === "answered"
    ? onlyDenied(old.value.tabletControls, now.value.tabletControls)
    : [];
};

/** Tables that the change puts on them. */
export const denies = ({ record, before, after }: Change): readonly string[] =>
  lifts({ record, before: after, after: before });

const bytes = (base64: string): Uint8Array => Buffer.from(base64, "base64");

/**
 * Without the tables in `Shard.tablet_controls[].denied_tables`, and without a control that is empty then, as `SetShardTabletControl
 * --remove` leaves it (topo/shard.go UpdateDeniedTables; docs/vitess.md#kept-denials). Tablets heed it at their next RefreshState.
 */
export const withoutDenials =
  (tables: readonly string[]) =>
  (record: Shard): Shard => ({
    ...record,
    tabletControls: record.tabletControls.flatMap((control) => {
      const deniedTables = control.deniedTables.filter((table) => !tables.includes(table));
      if (deniedTables.length === control.deniedTables.length) return [control];
      return deniedTables.length === 0 ? [] : [{ ...control, deniedTables }];
    }),
  });

/** Nothing where it denies none of them; else also every tablet of the shard is told. */
export const liftDenials = (
  snapshot: Snapshot,
  { keyspace, shard: name, server, key }: ShardRecord,
  tables: readonly string[],
): readonly DraftStep[] => {
  const edit = editRecord(
    snapshot,
    shard,
    { keyspace, shard: name },
    { server, key },
    withoutDenials(tables),
  );
  return edit.length === 0 ? [] : [...edit, ...tellTablets(snapshot, { keyspace, shard: name })];
};

/** Every tablet of the shard that has a record reads it again. */
export const tellTablets = (snapshot: Snapshot, { keyspace, shard }: ShardRef): readonly DraftStep[] =>
  processesOfShard(snapshot, keyspace, shard)
    .filter(({ record }) => record === "present")
    .map((process) => ({ kind: "tablet.refresh", tablet: tabletRef(snapshot, process) }));

const deniedFor = (controls: Controls, type: number): string[] =>
  controls.filter(({ tabletType }) => tabletType === type).flatMap(({ deniedTables }) => deniedTables);

const onlyDenied = (one: Controls, other: Controls): readonly string[] =>
  [
    ...distinct(
      one.flatMap(({ tabletType, deniedTables }) => {
        const denied = deniedFor(other, tabletType);
        return deniedTables.filter((table) => !denied.includes(table));
      }),
    ),
  ].sort();

const mergeTables = mergeNamed<string>(
  (table) => table,
  () => true,
  (tables) => `${tables.join(", ")} is denied more than once since`,
);

/** Denials lie in one control per tablet type; one that an edit empties goes, and comes back as it was. */
function mergeDenials(...[from, to, now]: Parameters<Merge<Controls>>): ReturnType<Merge<Controls>> {
  const types = distinct([...to, ...now].map(({ tabletType }) => tabletType));
  const value: Controls = [];
  let isNew = false;
  for (const type of types) {
    const [before, after, there] = [deniedFor(from, type), deniedFor(to, type), deniedFor(now, type)];
    const merged = mergeTables(before, after, there);
    if (merged.kind === "clash") return merged;
    const ofType = now.filter(({ tabletType }) => tabletType === type);
    if (merged.value === there) value.push(...ofType);
    else {
      isNew = true;
      const [control] = ofType.length > 0 ? ofType : to.filter(({ tabletType }) => tabletType === type);
      if (control !== undefined && merged.value.length > 0)
        value.push({ ...control, deniedTables: merged.value });
    }
  }
  if (!isNew) return { kind: "merged", value: now };
  return onlyDenied(value, now).length > 0 && now.some(({ frozen }) => frozen)
    ? { kind: "clash", reason: "a traffic switch froze the shard since" }
    : { kind: "merged", value };
}
