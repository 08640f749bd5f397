import {
  type SrvKeyspace,
  type SrvKeyspace_KeyspacePartition,
  TabletType,
} from "../../proto/gen/topodata_pb.js";
import { srvVSchemaKey } from "../../topology/paths.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import {
  bytes,
  type Field,
  filled,
  list,
  oneOf,
  optional,
  orNull,
  record,
  text,
  type ValuesOf,
  whole,
} from "../fields.js";
import { none, putKeyBack } from "../inverse.js";
import { keyWrite, kind, type StepClass, type ValuesOfKinds } from "../kind.js";
import {
  anyOf,
  ownKey,
  routingRules,
  shardRecord,
  shardReplication,
  srvKeyspace as srvKeyspaceRecord,
  tabletRecord,
  vschema,
} from "../named-key.js";
import { at, tablet } from "../refs.js";
import { endOfKey, keyAsRead, quoted } from "./text.js";

/** An edit of one record by compare-and-set: its way back is the record as it was. */
const edit = {
  class: "confirm",
  destroys: "metadata",
  writes: (step: { readonly server: string; readonly key: string }) => [keyWrite(step)],
  inverse: putKeyBack,
} as const;

const ofKeyspace = (step: { readonly keyspace: string }): string => step.keyspace;

const srvKeyspace = {
  ...at,
  cell: filled,
  keyspace: filled,
  /** 0 and an empty `before`: there is none. Null: an earlier step of the plan writes `before`. */
  modRevision: orNull(whole),
  before: bytes,
  value: bytes,
  /** Of each group one tablet has to answer that it serves: else the new route would lead to nobody. */
  serving: optional(list(record({ what: filled, tablets: list(tablet, 1) }))),
};
export type SrvKeyspaceWrite = ValuesOf<typeof srvKeyspace>;

const srvKeyspaceKind = <C extends StepClass>(consent: C) =>
  kind({
    ...edit,
    class: consent,
    fields: srvKeyspace,
    keys: (step) => [ownKey(step, srvKeyspaceRecord(step))],
    subject: (step) => `${step.keyspace}-${step.cell}`,
    does: (step) =>
      `${step.before === "" ? "writes" : "changes"} SrvKeyspace of ${step.keyspace} in cell ${step.cell}: ${changes(step).join("; ") || "nothing that a query notices"}`,
    guards: {
      unchanged: ({ key, modRevision }) =>
        modRevision === null
          ? `${key} is still as the plan's earlier step left it`
          : keyAsRead({ key, modRevision }),
      serving: ({ serving = [] }) =>
        serving.length === 0
          ? null
          : `one tablet each serves of ${serving.map(({ what }) => what).join(", ")}`,
    },
    proves: () => "the record is the one of the plan; its other fields, known and unknown, are as they were",
  });

const RECORDS = oneOf("Tablet", "ShardReplication", "Shard");
const CONDITIONS: { readonly [R in RecordType]: string } = {
  Tablet: "the record is one of these tablets' and names no other process",
  ShardReplication: "the record lists no other tablet",
  Shard: "the shard does not serve and no other tablet is its primary",
};
type RecordType = typeof RECORDS extends Field<infer T> ? T : never;

const removed = (
  step: { readonly of: RecordType; readonly members: readonly string[] } & Parameters<typeof shardRecord>[0],
) => {
  switch (step.of) {
    case "Tablet":
      return tabletRecord(...step.members);
    case "ShardReplication":
      return shardReplication(step);
    case "Shard":
      return shardRecord(step);
  }
};

/** What the steps write whose inverse is `put-key-back`. */
const PUT_BACK = [
  "shard",
  "routing-rules",
  "vschema",
  "srv-keyspace",
  "tablet",
  "shard-replication",
] as const;

export const recordKinds = {
  /** Puts a key's earlier value back where the key is still at `modRevision` (0: absent). */
  "record.put-back": kind({
    ...edit,
    fields: {
      ...at,
      modRevision: whole,
      value: bytes,
      /** What comes back, for people: `the routing rules of customer`. */
      what: filled,
    },
    keys: (step) => [ownKey(step, anyOf(...PUT_BACK))],
    subject: endOfKey,
    does: (step) => `puts back ${step.what} (${step.key})`,
    guards: { unchanged: keyAsRead },
    proves: () => "the key has that value, byte for byte",
    inverse: () => none("repeat what is taken back here (a new plan decides whether that is still safe)"),
  }),

  "denial.lift": kind({
    ...edit,
    fields: { ...at, keyspace: filled, shard: filled, tables: list(text), modRevision: whole },
    keys: (step) => [ownKey(step, shardRecord(step))],
    subject: (step) => `${step.keyspace}-${step.shard}`,
    does: (step) => `takes ${quoted(step.tables)} off the denied tables of ${step.keyspace}/${step.shard}`,
    guards: { unchanged: keyAsRead, notFrozen: () => "no traffic switch has frozen the control" },
    proves: () => "the Shard record no longer denies them; tablets follow with their refresh",
  }),

  "routing.remove": kind({
    ...edit,
    fields: { ...at, fromTables: list(text), modRevision: whole, before: bytes },
    keys: (step) => [ownKey(step, routingRules)],
    subject: endOfKey,
    does: (step) => `removes the routing rules from ${quoted(step.fromTables)}`,
    guards: { unchanged: keyAsRead },
    proves: () => "no rule of that name is left; all others are as they were",
  }),

  "vschema.remove-tables": kind({
    ...edit,
    fields: { ...at, keyspace: filled, tables: list(text), modRevision: whole, before: bytes },
    keys: (step) => [ownKey(step, vschema(step))],
    subject: ofKeyspace,
    does: (step) => `removes ${quoted(step.tables)} from the VSchema of ${step.keyspace}`,
    guards: { unchanged: keyAsRead },
    proves: () => "the VSchema no longer lists them; all else in it is as it was",
  }),

  /** One cell's record: puts back what is missing; a route that is there stays as it is. */
  "srvkeyspace.rebuild": srvKeyspaceKind("safe"),
  /** Changes a route that is there: a decision about which shards take queries. */
  "srvkeyspace.update": srvKeyspaceKind("confirm"),

  "srvvschema.rebuild": kind({
    fields: { cells: list(text) },
    class: "safe",
    destroys: "metadata",
    subject: (step) => step.cells.join("-"),
    writes: (step, roots) =>
      roots
        .filter(({ name }) => step.cells.includes(name))
        .map(({ server, root }) => keyWrite({ server, key: srvVSchemaKey(root) })),
    does: (step) =>
      `builds SrvVSchema again in ${step.cells.join(", ")} from the VSchemas and routing rules, by compare-and-set on what was just read`,
    guards: { rootKnown: () => "the plan says where each cell's topology is" },
    proves: () => "each cell's record equals what VSchemas and rules give",
    inverse: () => ({ kind: "run-again" }),
  }),

  /**
   * Takes one record of a retired shard away, once none of its vttablets runs: its Tablets, then ShardReplication, then the Shard
   * (docs/vitess.md#delete-shard). The ending processes write their own Tablet record, so its revision is that of the moment. Not vtctld's
   * DeleteShards (docs/decisions.md#d21), which neither asks whether the processes have ended nor sees that somebody wrote meanwhile.
   */
  "record.remove": kind({
    ...edit,
    fields: {
      ...at,
      of: RECORDS,
      keyspace: filled,
      shard: filled,
      /** In a Tablet: `host:port` when the plan was made, empty where its process had ended; null in the others. */
      recordedAt: orNull(text),
      /** The shard's tablets by alias; a record that names another is somebody's. */
      members: list(text),
      /** Those of them that have an address: nothing may listen there any more. */
      ended: list(tablet),
    },
    keys: (step) => [ownKey(step, removed(step))],
    subject: (step) =>
      step.of === "Tablet"
        ? `Tablet-${step.key.split("/").at(-2) ?? ""}`
        : `${step.of}-${step.keyspace}-${step.shard}`,
    does: (step) => `takes the ${step.of} record of ${step.keyspace}/${step.shard} away (${step.key})`,
    guards: {
      ours: (step) => CONDITIONS[step.of],
      ended: (step) => `nothing listens where ${step.members.join(", ")} ran`,
    },
    proves: () => "the key does not exist",
  }),

  /** The lease goes, not the key: that is how Vitess gives a lock back (docs/vitess.md#lock-order). */
  "lock.clear": kind({
    ...edit,
    fields: { ...at, lease: filled, modRevision: whole },
    keys: (step) => [ownKey(step, anyOf("lock"))],
    subject: endOfKey,
    does: (step) => `revokes the lease ${step.lease} of the abandoned lock ${step.key}`,
    guards: { sameLock: (step) => `the lock is still the one of revision ${step.modRevision}` },
    proves: () => "the key is gone",
    inverse: () =>
      none("a lock can not be given back to a holder that is gone; the next operation takes its own"),
  }),
};

/** What differs in a new SrvKeyspace from the one that it replaces, told from the bytes of both. */
const changes = (step: SrvKeyspaceWrite): readonly string[] => {
  const before = partitions(step.before);
  const after = partitions(step.value);
  return [...after].flatMap(([type, partition]) => {
    const old = before.get(type);
    return [...routes(type, old, partition), ...controls(type, old, partition)];
  });
};
const routes = (
  type: string,
  before: SrvKeyspace_KeyspacePartition | undefined,
  after: SrvKeyspace_KeyspacePartition,
): readonly string[] => {
  const [from, to] = [shardsOf(before), shardsOf(after)];
  if (from === to) return [];
  return [from === "" ? `${type} goes to ${to}` : `${type} goes from ${from} to ${to}`];
};

const controls = (
  type: string,
  before: SrvKeyspace_KeyspacePartition | undefined,
  after: SrvKeyspace_KeyspacePartition,
): readonly string[] => {
  const disabled = disabledIn(after);
  const lifted = disabledIn(before).filter((shard) => !disabled.includes(shard));
  return lifted.length === 0 ? [] : [`${type} queries of ${lifted.join(", ")} are allowed again`];
};

const shardsOf = (partition: SrvKeyspace_KeyspacePartition | undefined): string =>
  (partition?.shardReferences ?? []).map(({ name }) => name).join(", ");

const disabledIn = (partition: SrvKeyspace_KeyspacePartition | undefined): readonly string[] =>
  (partition?.shardTabletControls ?? [])
    .filter(({ queryServiceDisabled }) => queryServiceDisabled)
    .map(({ name }) => name);

const partitions = (base64: string): ReadonlyMap<string, SrvKeyspace_KeyspacePartition> => {
  const record = decodeSrvKeyspace(Buffer.from(base64, "base64"));
  const list: SrvKeyspace["partitions"] = record.kind === "answered" ? record.value.partitions : [];
  return new Map(list.map((one) => [TabletType[one.servedType] ?? String(one.servedType), one]));
};

declare module "../draft.js" {
  interface StepValues extends ValuesOfKinds<typeof recordKinds> {}
}
