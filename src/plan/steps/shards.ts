import { at, bytes, filled, list, milliseconds, record, text } from "../fields.js";
import { elect, namePrimary } from "../foresight/told.js";
import { putShard } from "../foresight/world.js";
import { keyWrite, kind, none, notNeeded, type ValuesOfKinds } from "../kind.js";
import { anyOf, keyspaceRecord, ownKey, shardRecord, tabletRecord } from "../named-key.js";

const ofShard = (step: { readonly keyspace: string; readonly shard: string }): string =>
  `${step.keyspace}-${step.shard}`;

export const shardKinds = {
  /** Puts a Shard record back, never serving, after its tablets' records (docs/decisions.md#d17). */
  "shard.restore": kind({
    fields: {
      ...at,
      keyspace: filled,
      shard: filled,
      value: bytes,
      keyspaceKey: filled,
      /** The Tablet records that must be there before it. */
      tabletKeys: list(record(at)),
      origin: text,
    },
    keys: (step) => [
      ownKey(step, shardRecord(step)),
      ownKey({ server: step.server, key: step.keyspaceKey }, keyspaceRecord(step)),
      ...step.tabletKeys.map((key) => ownKey(key, anyOf("tablet"))),
    ],
    class: "confirm",
    destroys: "nothing",
    subject: ofShard,
    writes: (step) => [keyWrite(step)],
    does: (step) =>
      `puts the Shard record of ${step.keyspace}/${step.shard} back, not serving (${step.origin})`,
    effect: (step, world) => putShard(world, step, step, Buffer.from(step.value, "base64")),
    guards: {
      notServing: () => "the record that comes back does not serve",
      absent: (step) => `${step.key} does not exist`,
      keyspaceThere: (step) => `keyspace ${step.keyspace} exists`,
      tabletsThere: () => "its tablets' records are there",
      noOverlap: () => "no shard that covers the same ids appeared since the plan was made",
      samePrimary: () => "a primary that it names has a record with the same term",
    },
    proves: () => "the record is there and does not serve",
    inverse: () =>
      none("its tablets run, and a shard of running tablets without a record is the drift that this repairs"),
  }),

  /** Waits for the running primary's shard sync to name itself (30 s; docs/vitess.md#shard-sync). Writes nothing. */
  "shard.await-primary": kind({
    fields: { ...at, keyspace: filled, shard: filled, alias: filled, timeoutMs: milliseconds },
    keys: (step) => [ownKey(step, shardRecord(step))],
    class: "safe",
    destroys: "nothing",
    subject: ofShard,
    writes: () => [],
    does: (step) =>
      `waits up to ${step.timeoutMs / 1000} s for ${step.alias} to name itself in the Shard record of ${step.keyspace}/${step.shard}`,
    effect: (step, world) => namePrimary(world, step, step.alias),
    guards: { noOther: (step) => `the record is there and names no other primary than ${step.alias}` },
    proves: (step) => `the Shard record names ${step.alias} as its primary`,
    inverse: () => notNeeded("it changes nothing"),
  }),

  /** vtctld's PlannedReparentShard on a shard without a primary (docs/decisions.md#d21). */
  "shard.elect": kind({
    fields: {
      ...at,
      keyspace: filled,
      shard: filled,
      alias: filled,
      /** The new primary's Tablet record, which it publishes itself. */
      record: record(at),
      /** For people: which vtctld. */
      vtctld: filled,
    },
    keys: (step) => [ownKey(step, shardRecord(step)), ownKey(step.record, tabletRecord(step.alias))],
    class: "confirm",
    destroys: "nothing",
    subject: ofShard,
    writes: (step) => [keyWrite(step), keyWrite(step.record), { kind: "process", alias: step.alias }],
    does: (step) =>
      `lets vtctld at ${step.vtctld} elect ${step.alias} primary of ${step.keyspace}/${step.shard} (PlannedReparentShard)`,
    effect: (step, world) => elect(world, step),
    guards: { readable: (step) => `${step.key} can be read` },
    proves: () => "the Shard record names a primary",
    inverse: () => none("a shard without a primary blocks every workflow command of its keyspace"),
  }),
};

declare module "../draft.js" {
  interface StepValues extends ValuesOfKinds<typeof shardKinds> {}
}
