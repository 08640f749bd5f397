import {
  at,
  bytes,
  filled,
  list,
  milliseconds,
  optional,
  orNull,
  record,
  type TabletRef,
  tablet,
  text,
  yesNo,
} from "../fields.js";
import { listTablet, refresh } from "../foresight/told.js";
import { endProcess, noEffect, putKey } from "../foresight/world.js";
import { isTheTablet, keyWrite, kind, none, notNeeded, type ValuesOfKinds } from "../kind.js";
import { anyOf, ownKey, shardReplication, tabletRecord } from "../named-key.js";
import { hasNoStream, tabletName } from "./text.js";

const onTablet = (step: { readonly tablet: TabletRef }): string => step.tablet.alias;
const aliasesOf = (step: { readonly tablets: readonly TabletRef[] }): readonly string[] =>
  step.tablets.map(({ alias }) => alias);

export const tabletKinds = {
  "tablet.refresh": kind({
    fields: {
      tablet,
      /** One tablet of several: where it can not be told, it is named and the others are told all the same. */
      mayFail: optional(yesNo),
    },
    class: "safe",
    destroys: "nothing",
    subject: onTablet,
    writes: (step) => [{ kind: "tablet-state", alias: step.tablet.alias }],
    does: (step) =>
      `lets ${tabletName(step.tablet)} read its Shard and SrvKeyspace records again${step.mayFail === true ? ", if it can; else it is named" : ""}`,
    effect: (step, world) => refresh(world, step.tablet),
    guards: { tablet: isTheTablet },
    proves: (step) =>
      step.mayFail === true ? "what the tablet answers, if it does" : "the tablet answers without an error",
    inverse: () => ({ kind: "run-again" }),
  }),

  /** Tablet and ShardReplication in one transaction, create-only (docs/decisions.md#d17; docs/vitess.md#putting-records-back). */
  "tablet.restore": kind({
    fields: { ...at, tablet, value: bytes, replicationKey: filled, origin: text },
    keys: (step) => [
      ownKey(step, tabletRecord(step.tablet.alias)),
      ownKey({ server: step.server, key: step.replicationKey }, shardReplication(step.tablet)),
    ],
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: (step) => [keyWrite(step), keyWrite({ server: step.server, key: step.replicationKey })],
    does: (step) =>
      `puts the Tablet record of ${tabletName(step.tablet)} back and lists it in its ShardReplication (${step.origin})`,
    effect: (step, world) =>
      listTablet(
        putKey(world, step, Buffer.from(step.value, "base64")),
        { server: step.server, key: step.replicationKey },
        step.tablet.alias,
      ),
    guards: {
      noOther: () => "its record does not exist, or names this process",
      listable: () => "its ShardReplication can be read",
      process: isTheTablet,
      ownWords: () =>
        "the record names this tablet, shard and type, and the ports that the process listens on",
    },
    proves: () => "the record is there with these bytes and ShardReplication lists the alias once",
    inverse: () =>
      none("the process runs, and one whose record is gone ends itself when it next publishes its state"),
  }),

  /**
   * Ends a vttablet for good and proves that its address is closed; MySQL stays up. Without a command it is made to publish, which only
   * ends a process whose Tablet record is gone (docs/decisions.md#d19, docs/vitess.md#stopping-an-orphan): the one step that sends a
   * publishing call to one.
   */
  "tablet.stop": kind({
    fields: {
      /** Its Tablet record. */
      ...at,
      tablet,
      /** The operator's command for this tablet, word by word; null: it ends itself. */
      command: orNull(list(text, 1)),
      /** The primary of a shard that a workflow had as target: who made another one since needs it. */
      idle: optional(tablet),
    },
    keys: (step) => [ownKey(step, tabletRecord(step.tablet.alias))],
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: (step) => [{ kind: "process", alias: step.tablet.alias }],
    does: (step) =>
      step.command === null
        ? `lets the vttablet of ${tabletName(step.tablet)} publish its state, which ends it, as its record is gone; its MySQL runs on with its data`
        : `ends the vttablet of ${tabletName(step.tablet)} with \`${step.command.join(" ")}\`; its MySQL is not touched`,
    effect: (step, world) => endProcess(world, step.tablet),
    guards: {
      /** A run that died may have told it to step aside already: then it is of another type. */
      process: isTheTablet,
      noRecord: (step) => (step.command === null ? `${step.key} does not exist` : null),
      noStream: hasNoStream,
    },
    proves: () => "nothing listens at the address any more",
    inverse: () =>
      none(
        "start the vttablet again; it then writes its records itself, and the shard is back without a primary",
      ),
  }),

  /** Watches that ended tablets do not come back and that none of the keys does, which all were absent. Writes nothing. */
  "tablet.stay-away": kind({
    fields: { tablets: list(tablet), keys: list(record(at)), watchMs: milliseconds },
    keys: (step) => step.keys.map((key) => ownKey(key, anyOf("tablet", "shard-replication", "shard"))),
    class: "safe",
    destroys: "nothing",
    subject: (step) => aliasesOf(step).join("-"),
    writes: () => [],
    does: (step) =>
      `watches for ${step.watchMs / 1000} s that no supervisor starts ${aliasesOf(step).join(", ")} again`,
    effect: noEffect,
    guards: {},
    proves: () => "no process of them answers and none of their records and their shard's came back",
    inverse: () => notNeeded("it only looks"),
  }),
};

declare module "../draft.js" {
  interface StepValues extends ValuesOfKinds<typeof tabletKinds> {}
}
