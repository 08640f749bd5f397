import {
  deferredKey,
  filled,
  list,
  streamsOn,
  type TabletRef,
  tablet,
  text,
  whole,
  yesNo,
} from "../fields.js";
import { dropHeld, holdTables, noEffect, returnTables, takeTables } from "../foresight/world.js";
import { isThePrimary, kind, none, notNeeded, tableWrites, type ValuesOfKinds } from "../kind.js";
import { plural, quoted, streamNames, tabletName } from "./text.js";

const onTablet = (step: { readonly tablet: TabletRef }): string => step.tablet.alias;

interface OnTables {
  readonly dbName: string;
  readonly tables: readonly string[];
}

const nothingWrites = (step: OnTables): string =>
  `no stream of ${step.dbName} that writes into ${quoted(step.tables)} runs`;

const unused = (): string => "nobody else uses the tables for longer than 2 s, as far as MySQL tells";

const keyTables = (step: { readonly actions: readonly { readonly table: string }[] }): readonly string[] => [
  ...new Set(step.actions.map(({ table }) => table)),
];

export const tableKinds = {
  /**
   * Saves the ALTERs of put-off secondary keys in the run's folder (and runs them when `apply`): those that stand in
   * `_vt.post_copy_action` when it runs, as they go with the stream (docs/vitess.md#deferred-keys).
   */
  "keys.export": kind({
    fields: {
      ...streamsOn,
      /** Of the streams that put them off. */
      ids: list(whole),
      /** What stood there when the plan was made, for people. */
      actions: list(deferredKey),
      apply: yesNo,
    },
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    // A table whose copy begins after the plan was made is not known here.
    writes: (step) => (step.apply ? tableWrites(step.tablet, step.dbName, keyTables(step)) : []),
    does: (step) =>
      `saves${step.apply ? " and runs" : ""} ${step.actions.length === 0 ? `what secondary key statements ${streamNames(step.workflow, step.ids)} put off until then, none so far,` : plural(step.actions.length, "put-off secondary key statement")} of ${step.dbName} on ${tabletName(step.tablet)}, in the run's folder`,
    effect: noEffect,
    guards: {
      tablet: isThePrimary,
      stopped: () => "its streams are stopped, so that no copy adds further ones",
      putOff: () =>
        "each statement stands in `_vt.post_copy_action` then: one that was put off since the plan was made is taken too, and one that is not there is not sent",
      unused: (step) => (step.apply ? unused() : null),
    },
    proves: (step) =>
      step.apply ? "the file is on disk, and the tables have the keys" : "the file is on disk",
    inverse: (step) =>
      step.apply
        ? none("a key that the source has too does no harm")
        : notNeeded("it changes nothing in the cluster"),
  }),

  /** One RENAME TABLE into a schema of ours (docs/decisions.md#d18; docs/vitess.md#held-tables). */
  "table.hold": kind({
    fields: { tablet, dbName: filled, holdSchema: filled, tables: list(text), views: list(text) },
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: (step) => [
      ...tableWrites(step.tablet, step.dbName, step.tables),
      ...tableWrites(step.tablet, step.holdSchema, step.tables),
    ],
    does: (step) =>
      `moves ${quoted(step.tables)} from ${step.dbName} to ${step.holdSchema} on ${tabletName(step.tablet)}${step.views.length === 0 ? "" : `; the views ${quoted(step.views)} stay and can not be read meanwhile`}`,
    effect: (step, world) => holdTables(world, step),
    guards: {
      tablet: isThePrimary,
      allThere: (step) => `all of them are in ${step.dbName} and none is in ${step.holdSchema}`,
      nothingWrites,
      noTriggers: () => "they have no triggers",
      unused,
    },
    proves: (step) => `the tables are in ${step.holdSchema} and no longer in ${step.dbName}`,
    inverse: (step) => ({
      kind: "move-tables-back",
      tablet: step.tablet,
      fromSchema: step.holdSchema,
      toSchema: step.dbName,
      tables: step.tables,
    }),
  }),

  "table.drop": kind({
    fields: { tablet, dbName: filled, tables: list(text) },
    class: "confirm",
    destroys: "data",
    subject: onTablet,
    writes: (step) => tableWrites(step.tablet, step.dbName, step.tables),
    does: (step) => `drops ${quoted(step.tables)} of ${step.dbName} on ${tabletName(step.tablet)}`,
    effect: (step, world) => takeTables(world, step),
    guards: { tablet: isThePrimary, nothingWrites, unused },
    proves: () => "the tables are gone",
    inverse: () =>
      none(
        "dropped tables only come back by a new copy from the source; their definitions are kept in before/",
      ),
  }),

  /** The way back of `table.hold`: one RENAME, and the hold schema goes when nothing is left in it (docs/decisions.md#d18). */
  "table.return": kind({
    fields: {
      tablet,
      dbName: filled,
      holdSchema: filled,
      tables: list(text),
      /** Views that can be read again. */
      views: list(text),
    },
    class: "confirm",
    destroys: "nothing",
    subject: onTablet,
    writes: (step) => [
      ...tableWrites(step.tablet, step.dbName, step.tables),
      ...tableWrites(step.tablet, step.holdSchema, step.tables),
    ],
    does: (step) =>
      `moves ${quoted(step.tables)} from ${step.holdSchema} back to ${step.dbName} on ${tabletName(step.tablet)}${step.views.length === 0 ? "" : `; the views ${quoted(step.views)} can be read again`}`,
    effect: (step, world) => returnTables(world, step),
    guards: {
      tablet: isThePrimary,
      nameFree: (step) => `none of these names exists in ${step.dbName}`,
      held: (step) => `all of them are in ${step.holdSchema}`,
      unused,
    },
    proves: (step) =>
      `the tables are in ${step.dbName}, and ${step.holdSchema} is gone if nothing else is in it`,
    inverse: () => none("repeat what is taken back here (a new plan decides whether that is still safe)"),
  }),

  /** Drops what a run holds, and its hold schema. */
  "hold.drop": kind({
    fields: { tablet, holdSchema: filled, tables: list(text) },
    class: "confirm",
    destroys: "data",
    subject: onTablet,
    writes: (step) => tableWrites(step.tablet, step.holdSchema, step.tables),
    does: (step) =>
      step.tables.length === 0
        ? `drops the empty schema ${step.holdSchema} on ${tabletName(step.tablet)}`
        : `drops ${quoted(step.tables)} in ${step.holdSchema}, and that schema, on ${tabletName(step.tablet)}`,
    effect: (step, world) => dropHeld(world, step),
    guards: {
      tablet: isThePrimary,
      nothingElse: (step) => `${step.holdSchema} holds no other table`,
      unused: (step) => (step.tables.length === 0 ? null : unused()),
    },
    proves: (step) => `${step.holdSchema} does not exist`,
    inverse: () => none("the rows are gone; what they were copied from still has them"),
  }),
};

declare module "../draft.js" {
  interface StepValues extends ValuesOfKinds<typeof tableKinds> {}
}

/**
 * Where a run holds tables, out of reach of Vitess's table garbage collection (docs/vitess.md#held-tables). `database`: the place, from 0,
 * of the tables' database among those of the run: several vttablets may have one MySQL server, each with a database of its own.
 */
export const holdSchemaOf = (run: string, database = 0): string =>
  `vtdoctor_hold_${run}${database === 0 ? "" : `_${database + 1}`}`;

/** Whether the run could hold tables there. */
export const isHoldSchemaOf = (run: string, schema: string): boolean =>
  schema.startsWith(holdSchemaOf(run)) &&
  /^(_([2-9]|[1-9]\d+))?$/.test(schema.slice(holdSchemaOf(run).length));
