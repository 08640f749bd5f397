import { srvVSchemaKey } from "../../topology/paths.js";
import {
  at,
  bytes,
  type Field,
  filled,
  list,
  oneOf,
  optional,
  orNull,
  record,
  tablet,
  text,
  whole,
  yesNo,
} from "../fields.js";
import { endLock, rebuildSrvVSchema } from "../foresight/told.js";
import { putKey, putShard } from "../foresight/world.js";
import { deleteKey, isTheTablet, keyWrite, kind, none, putKeyBack, type ValuesOfKinds } from "../kind.js";
import { anyOf, ownKey, shardRecord, shardReplication, tabletRecord } from "../named-key.js";
import { changesOf, consentOf } from "../records/change.js";
import { recordName, typeOf } from "../records/record-registry.js";
import { lifts } from "../records/shard.js";
import { endOfKey, hasNoStream, keyAsRead, tabletName } from "./text.js";

/** An edit of one record by compare-and-set: its way back is the record as it was. */
const edit = {
  class: "confirm",
  destroys: "metadata",
  writes: (step: { readonly server: string; readonly key: string }) => [keyWrite(step)],
  inverse: putKeyBack,
} as const;

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

export const recordKinds = {
  /**
   * Edits, creates or deletes one record by compare-and-set. Its words, its consent and its way back are told from the bytes (`records/`),
   * so that they can not say anything else than what is written.
   */
  "record.write": kind({
    ...edit,
    fields: {
      ...at,
      record: recordName,
      /** 0: there is none. Null: an earlier step of the plan writes `before`. */
      modRevision: orNull(whole),
      /** Null: there is no such key. */
      before: orNull(bytes),
      /** Null: the key is deleted. */
      after: orNull(bytes),
      /** Of each group one tablet has to answer that it serves: else a new route would lead to nobody. */
      serving: optional(list(record({ what: filled, tablets: list(tablet, 1) }))),
      /** It takes a write of another run back. */
      takesBack: optional(yesNo),
    },
    class: (step) => (step.takesBack === true ? "confirm" : consentOf(step)),
    keys: (step) => [ownKey(step, typeOf(step.record).key(step.record))],
    subject: ({ record }) => typeOf(record).subject(record),
    does: (step) => changesOf(step).join("; "),
    effect: (step, world) => {
      const { record, after } = step;
      const value = after === null ? null : Buffer.from(after, "base64");
      return record.kind === "shard" ? putShard(world, record, step, value) : putKey(world, step, value);
    },
    guards: {
      unchanged: ({ key, modRevision }) =>
        modRevision === null
          ? `${key} is still as the plan's earlier step left it`
          : keyAsRead({ key, modRevision }),
      notFrozen: (step) => (lifts(step).length === 0 ? null : "no traffic switch has frozen the control"),
      serving: ({ serving = [] }) =>
        serving.length === 0
          ? null
          : `one tablet each serves of ${serving.map(({ what }) => what).join(", ")}`,
    },
    proves: ({ before, after }) => {
      if (after === null) return "the key does not exist";
      return before === null
        ? "the record is the one of the plan"
        : "the change is in the record; its other fields, known and unknown, are as they were";
    },
    inverse: (step) => {
      if (step.takesBack === true)
        return none("repeat what is taken back here (a new plan decides whether that is still safe)");
      return step.before === null ? deleteKey(step) : putKeyBack(step);
    },
  }),

  "srvvschema.rebuild": kind({
    fields: {
      cells: list(text),
      /** No cell has what the records say: somebody may be holding it back on purpose (docs/decisions.md#d14). */
      heldBack: optional(yesNo),
    },
    class: ({ heldBack }) => (heldBack === true ? "confirm" : "safe"),
    destroys: "metadata",
    subject: (step) => step.cells.join("-"),
    writes: (step, roots) =>
      roots
        .filter(({ name }) => step.cells.includes(name))
        .map(({ server, root }) => keyWrite({ server, key: srvVSchemaKey(root) })),
    does: (step) =>
      `builds SrvVSchema again in ${step.cells.join(", ")} from the VSchemas and routing rules, by compare-and-set on what was just read`,
    effect: (step, world) => step.cells.reduce(rebuildSrvVSchema, world),
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
      /** The process of this Tablet record, which still runs: without the record it ends at its next publish (docs/decisions.md#d19). */
      runs: optional(tablet),
      /** As of `tablet.stop`. */
      idle: optional(tablet),
      /** A vttablet that is started again writes it itself: put back without one it would name nobody. */
      startWrites: optional(yesNo),
    },
    keys: (step) => [ownKey(step, removed(step))],
    subject: (step) =>
      step.of === "Tablet"
        ? `Tablet-${step.key.split("/").at(-2) ?? ""}`
        : `${step.of}-${step.keyspace}-${step.shard}`,
    does: (step) =>
      `takes the ${step.of} record of ${step.keyspace}/${step.shard} away (${step.key})${step.runs === undefined ? "" : `, without which ${tabletName(step.runs)} ends when it next publishes its state`}`,
    effect: (step, world) => putKey(world, step, null),
    guards: {
      ours: (step) => CONDITIONS[step.of],
      ended: (step) =>
        step.runs === undefined ? `nothing listens where ${step.members.join(", ")} ran` : null,
      process: ({ runs }) => (runs === undefined ? null : isTheTablet({ tablet: runs })),
      noStream: hasNoStream,
    },
    proves: () => "the key does not exist",
    inverse: (step) =>
      step.startWrites === true
        ? none("start the vttablet again; it then writes its Tablet and ShardReplication records itself")
        : putKeyBack(step),
  }),

  /** The lease goes, not the key: that is how Vitess gives a lock back (docs/vitess.md#lock-order). */
  "lock.clear": kind({
    ...edit,
    fields: { ...at, lease: filled, modRevision: whole },
    keys: (step) => [ownKey(step, anyOf("lock"))],
    subject: endOfKey,
    does: (step) => `revokes the lease ${step.lease} of the abandoned lock ${step.key}`,
    effect: (step, world) => endLock(world, step),
    guards: { sameLock: (step) => `the lock is still the one of revision ${step.modRevision}` },
    proves: () => "the key is gone",
    inverse: () =>
      none("a lock can not be given back to a holder that is gone; the next operation takes its own"),
  }),
};

declare module "../draft.js" {
  interface StepValues extends ValuesOfKinds<typeof recordKinds> {}
}
