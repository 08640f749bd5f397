import {
  at,
  earlierState,
  filled,
  list,
  milliseconds,
  optional,
  pattern,
  type StreamSet,
  streamRow,
  streamSets,
  streamsOn,
  type TabletRef,
  tablet,
  text,
  whole,
  yesNo,
} from "../fields.js";
import { deleteStreams, noEffect, setStates, without } from "../foresight/world.js";
import { isThePrimary, isTheTablet, kind, none, notNeeded, type ValuesOfKinds, type Write } from "../kind.js";
import { ownKey, shardRecord } from "../named-key.js";
import { streamSetNames, streamsOf, tabletName } from "./text.js";

interface OnRows {
  readonly tablet: TabletRef;
  readonly workflow: string;
  readonly rows: readonly { readonly id: number }[];
}

const rowWrites = (step: OnRows): readonly Write[] =>
  step.rows.map(({ id }) => ({ kind: "stream-row", alias: step.tablet.alias, workflow: step.workflow, id }));

const onTablet = (step: { readonly tablet: TabletRef }): string => step.tablet.alias;
const workflowsOf = (step: { readonly streams: readonly StreamSet[] }): string =>
  [...new Set(step.streams.map((set) => set.workflow))].join("-");

const looksTwice = {
  fields: {
    streams: streamSets,
    /** Between the two looks. */
    settleMs: milliseconds,
  },
  class: "safe",
  destroys: "nothing",
  subject: workflowsOf,
  writes: () => [],
  effect: noEffect,
  guards: {},
  inverse: () => notNeeded("it changes nothing"),
} as const;

export const streamKinds = {
  /** `VReplicationExec` update to Stopped: the engine ends its goroutine before it answers (docs/vitess.md#vreplicationexec). */
  "stream.stop": kind({
    fields: {
      ...streamsOn,
      rows: list(streamRow),
      /** True where the topology does not have the tablet: then the stop has no inverse (docs/decisions.md#d20). */
      orphan: optional(yesNo),
    },
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: rowWrites,
    does: (step) => `stops ${streamsOf(step)} on ${tabletName(step.tablet)}`,
    effect: (step, world) => setStates(world, step, () => ({ state: "Stopped" })),
    guards: {
      tablet: isThePrimary,
      planned: (step) =>
        `it has no other stream of ${step.workflow} in ${step.dbName}, and none without a row`,
      notSwitched: () => "none was FROZEN since the plan was made",
    },
    proves: () => "every listed row says Stopped, and so does the engine",
    inverse: (step) =>
      step.orphan
        ? none(
            "a stream is never restarted on an orphan: it would write unseen, and no Vitess command could stop it",
          )
        : { kind: "set-states-back", tablet: step.tablet, workflow: step.workflow, dbName: step.dbName },
  }),

  /** Proves twice that every listed stream is Stopped in `_vt` and in the engine and that its position stands still. */
  "stream.verify-stopped": kind({
    ...looksTwice,
    does: (step) => `looks twice, ${step.settleMs / 1000} s apart, at ${streamSetNames(step.streams)}`,
    proves: () => "all are Stopped in `_vt` and in the engine, and no position or heartbeat moves",
  }),

  /** Proves that no row, no engine stream and no arriving data is left of the listed streams. */
  "stream.verify-gone": kind({
    ...looksTwice,
    does: (step) =>
      `looks, ${step.settleMs / 1000} s apart, for what is left of ${streamSetNames(step.streams)}`,
    proves: () => "`_vt` has no row, the engine no stream, and no data arrives from them",
  }),

  /**
   * The way back of `stream.stop`: `VReplicationExec` update by id, guarded by the message that the run left
   * (docs/vitess.md#vreplicationexec).
   */
  "stream.restart": kind({
    fields: {
      ...streamsOn,
      /** The run that stopped them. */
      stoppedBy: filled,
      rows: list(earlierState),
    },
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: rowWrites,
    does: (step) =>
      `sets ${streamsOf(step)} on ${tabletName(step.tablet)} back to ${[...new Set(step.rows.map((row) => row.state))].join(", ")}`,
    effect: (step, world) =>
      setStates(world, step, (id) => step.rows.find((row) => row.id === id) ?? { state: "Stopped" }),
    guards: {
      tablet: isThePrimary,
      stoppedByRun: (step) => `each of them is Stopped, with the message of run ${step.stoppedBy}`,
    },
    proves: () => "none of them carries that message any more",
    inverse: () => none("cancel the workflow again, or stop it with vtctldclient"),
  }),

  /** `DeleteVReplicationWorkflow`, never SQL: a row deleted by SQL leaves a running ghost (docs/vitess.md#ghosts). */
  "stream.delete": kind({
    fields: { ...streamsOn, rows: list(streamRow) },
    class: "confirm",
    destroys: "metadata",
    subject: onTablet,
    writes: rowWrites,
    does: (step) => `deletes ${streamsOf(step)} and the copy state on ${tabletName(step.tablet)}`,
    effect: (step, world) => deleteStreams(world, step),
    guards: {
      tablet: isThePrimary,
      planned: (step) => `it has no other stream of ${step.workflow} in ${step.dbName}`,
      stopped: () => "every listed stream is Stopped",
      keysSaved: () => "the secondary keys that they put off are saved",
    },
    proves: () => "no row of the workflow is left",
    inverse: () =>
      none(
        "a stream that was taken apart can not go on where it stood; the rows are saved in the run's folder, and a new workflow copies again",
      ),
  }),

  /** The one SQL deletion of stream rows: only where every engine of the shard is closed (docs/vitess.md#rows-by-sql). */
  "row.clear": kind({
    fields: {
      /** Its Shard record, which may name no primary. */
      ...at,
      /** `tablet`: whose MySQL takes writes. */
      ...streamsOn,
      /** Every tablet of the shard: none may be PRIMARY. */
      peers: list(tablet),
      rows: list(streamRow),
    },
    keys: (step) => [ownKey(step, shardRecord(step.tablet))],
    class: "confirm",
    destroys: "metadata",
    subject: onTablet,
    writes: rowWrites,
    does: (step) =>
      `sets ${streamsOf(step)} to Stopped in the MySQL behind ${tabletName(step.tablet)}, then deletes deferred keys, copy state and rows, in this order`,
    effect: (step, world) => deleteStreams(world, step),
    guards: {
      tablet: isTheTablet,
      noPrimary: (step) =>
        `before each statement, no tablet of ${step.tablet.keyspace}/${step.tablet.shard} is PRIMARY and its record names none: an open engine would run on without its row`,
      planned: (step) =>
        `it has no other stream of ${step.workflow} in ${step.dbName}, and none in the engine's memory`,
      keysSaved: () => "the secondary keys that they put off are saved",
    },
    proves: () => "no row and no copy state of the workflow is left",
    inverse: () => none("the rows are saved in the run's folder; a cancelled workflow is not taken up again"),
  }),

  /**
   * Gives a stream of the engine a row as Stopped and deletes it through the tablet: no call reaches one without a row
   * (docs/vitess.md#ghosts).
   */
  "ghost.stop": kind({
    fields: {
      tablet,
      dbName: filled,
      workflow: text,
      stream: whole,
      /** Prototext of a BinlogSource. */
      source: filled,
    },
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: (step) => rowWrites({ ...step, rows: [{ id: step.stream }] }),
    does: (step) =>
      `gives stream ${step.stream} of ${step.workflow}, which runs in the engine of ${tabletName(step.tablet)} without a row, a row again as Stopped, and deletes it through the tablet, which ends the stream`,
    effect: (step, world) => deleteStreams(world, { ...step, rows: [{ id: step.stream }] }),
    guards: {
      tablet: isTheTablet,
      rowless: () => "`_vt.vreplication` has no row of that id but this run's own",
    },
    proves: () => "neither the engine nor `_vt.vreplication` has a stream of that id",
    inverse: () => none("the stream's row was gone before, and with it its position"),
  }),

  "vdiff.delete": kind({
    fields: { tablet, keyspace: filled, workflow: text },
    class: "confirm",
    destroys: "metadata",
    subject: onTablet,
    writes: (step) => [
      { kind: "vdiff", alias: step.tablet.alias, keyspace: step.keyspace, workflow: step.workflow },
    ],
    does: (step) =>
      `deletes the VDiff reports of ${step.keyspace}.${step.workflow} on ${tabletName(step.tablet)}`,
    effect: (step, world) =>
      without(
        world,
        step.tablet,
        "vdiff",
        (row) => row.keyspace === step.keyspace && row.workflow === step.workflow,
      ),
    guards: { tablet: isTheTablet },
    proves: () => "`_vt.vdiff` has no row of the workflow",
    inverse: () => none("a report describes a comparison that has ended with its streams"),
  }),

  "journal.delete": kind({
    fields: {
      tablet,
      dbName: filled,
      /** Decimal int64. */
      journal: pattern("^[0-9]+$"),
      /** The row's `val` as it was read. */
      val: text,
    },
    class: "confirm",
    destroys: "metadata",
    subject: onTablet,
    writes: (step) => [{ kind: "journal", alias: step.tablet.alias, id: step.journal }],
    does: (step) =>
      `deletes the journal ${step.journal} from \`_vt.resharding_journal\` of ${tabletName(step.tablet)}`,
    effect: (step, world) =>
      without(world, step.tablet, "resharding_journal", (row) => row.id === step.journal),
    guards: { tablet: isTheTablet, sameRow: () => "the row is the one of the plan" },
    proves: () => "the row is gone; replicas follow by replication",
    inverse: () =>
      none(
        "a journal that no switch belongs to lets the next switch of the same id skip its catch-up; the row is kept in before/",
      ),
  }),
};

/** What an operator reads in the row of a stream that a run stopped; by it an undo knows the row again. */
export const stopMessage = (run: string): string => `stopped by vtdoctor run ${run}`;

declare module "../draft.js" {
  interface StepValues extends ValuesOfKinds<typeof streamKinds> {}
}
