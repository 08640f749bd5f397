import type { Fields, TabletRef, ValuesOf } from "./fields.js";
import type { Effect } from "./foresight/world.js";
import type { NamedKey } from "./named-key.js";

export type Destroys = "nothing" | "metadata" | "data";
export type StepClass = "safe" | "confirm";

/** One thing that a step changes. Whatever is not in the write-set of a plan is equal before and after it (docs/decisions.md#p3). */
export type Write =
  | { readonly kind: "topo-key"; readonly server: string; readonly key: string }
  /** `id` of `_vt.vreplication`, with its copy_state and post_copy_action. */
  | { readonly kind: "stream-row"; readonly alias: string; readonly workflow: string; readonly id: number }
  | { readonly kind: "vdiff"; readonly alias: string; readonly keyspace: string; readonly workflow: string }
  /** A row of `_vt.resharding_journal`. */
  | { readonly kind: "journal"; readonly alias: string; readonly id: string }
  | { readonly kind: "table"; readonly alias: string; readonly schema: string; readonly table: string }
  /** The tablet reads its records again; nothing else in it changes. */
  | { readonly kind: "tablet-state"; readonly alias: string }
  /** The process ends, or becomes a primary; its MySQL runs on. */
  | { readonly kind: "process"; readonly alias: string };

/** Where the topology of the global cell and of each cell lies. */
export type Roots = readonly { readonly name: string; readonly server: string; readonly root: string }[];

/**
 * Everything that the plan knows of a kind of step: the type of its values, their JSON Schema, what consent it needs and what a person
 * reads before saying yes all follow from it. How it is done stands in `src/apply/steps`, which must check each guard that is named
 * here and no other.
 */
export interface Kind<F extends Fields, G extends string> {
  readonly fields: F;
  /** The consent that it needs (docs/decisions.md#d14). */
  readonly class: StepClass | ((step: ValuesOf<F>) => StepClass);
  readonly destroys: Destroys;
  /** The topology keys that it names; a step of a plan file that names another one is not run. */
  readonly keys?: (step: ValuesOf<F>) => readonly NamedKey[];
  /** What it is about, for the step's id. */
  readonly subject: (step: ValuesOf<F>) => string;
  readonly writes: (step: ValuesOf<F>, roots: Roots) => readonly Write[];
  /** The effect, in words. */
  readonly does: (step: ValuesOf<F>) => string;
  /** The same on what a snapshot knows: by it a plan is played before it is shown (docs/decisions.md#d24). */
  readonly effect: Effect<ValuesOf<F>>;
  /**
   * What must hold right before it, each in words that go on after "that"; else the run stops with exit 4. Null where it does not apply
   * to this step.
   */
  readonly guards: Readonly<Record<G, (step: ValuesOf<F>) => string | null>>;
  /** What is read afterwards as proof. */
  readonly proves: (step: ValuesOf<F>) => string;
  readonly inverse: (step: ValuesOf<F>) => Inverse;
}

/** The values of steps of these kinds, as `StepValues` has them. */
export type ValuesOfKinds<K extends Readonly<Record<string, { readonly fields: Fields }>>> = {
  readonly [N in keyof K]: ValuesOf<K[N]["fields"]>;
};

export const kind = <F extends Fields, G extends string>(declared: Kind<F, G>): Kind<F, G> => declared;

/** The guard of nearly every step on a tablet. The process is asked right before each call that changes something, too. */
export const isTheTablet = ({ tablet }: { readonly tablet: TabletRef }): string =>
  `the process at the address is ${tablet.alias}, ${tablet.type} of ${tablet.keyspace}/${tablet.shard}`;

/** The same of a step that changes data or stream rows: a primary that was deposed may not know it yet. */
export const isThePrimary = (step: { readonly tablet: TabletRef }): string => {
  const words = isTheTablet(step);
  return step.tablet.type === "PRIMARY"
    ? `${words}, and its Shard record, if any, names no other primary`
    : words;
};

export const tableWrites = (
  { alias }: TabletRef,
  schema: string,
  tables: readonly string[],
): readonly Write[] => tables.map((table) => ({ kind: "table", alias, schema, table }));

export const keyWrite = ({ server, key }: { readonly server: string; readonly key: string }): Write => ({
  kind: "topo-key",
  server,
  key,
});

/** How a step is taken back. `vtdoctor undo` runs these in the opposite order; the values from before lie in `before/`. */
export type Inverse =
  /** It has none, and why (docs/decisions.md#d20). */
  | { readonly kind: "none"; readonly because: string }
  /** It only looks, or writes a file of the run. */
  | { readonly kind: "not-needed"; readonly because: string }
  /** Put the key's former value back where the key still has what the step wrote; the before-image has both. */
  | { readonly kind: "put-key-back"; readonly server: string; readonly key: string }
  /** The same where there was no such key. */
  | { readonly kind: "delete-key"; readonly server: string; readonly key: string }
  | {
      readonly kind: "move-tables-back";
      readonly tablet: TabletRef;
      readonly fromSchema: string;
      readonly toSchema: string;
      readonly tables: readonly string[];
    }
  /** Set every stream back to its state in the before-image; those that are gone stay gone. */
  | {
      readonly kind: "set-states-back";
      readonly tablet: TabletRef;
      readonly workflow: string;
      readonly dbName: string;
    }
  /** It only recomputes; after the other inverses it is run once more. */
  | { readonly kind: "run-again" };

export const none = (because: string): Inverse => ({ kind: "none", because });
export const notNeeded = (because: string): Inverse => ({ kind: "not-needed", because });
export const putKeyBack = ({ server, key }: { readonly server: string; readonly key: string }): Inverse => ({
  kind: "put-key-back",
  server,
  key,
});
export const deleteKey = ({ server, key }: { readonly server: string; readonly key: string }): Inverse => ({
  kind: "delete-key",
  server,
  key,
});

/** What a person reads of it before saying yes. */
export const inverseText = (inverse: Inverse): string => {
  switch (inverse.kind) {
    case "none":
      return `none: ${inverse.because}`;
    case "not-needed":
      return `not needed: ${inverse.because}`;
    case "put-key-back":
      return "the record is put back as it was, if nobody changed it meanwhile";
    case "delete-key":
      return "the record did not exist and is deleted again, if nobody changed it meanwhile";
    case "move-tables-back":
      return `they are renamed back from ${inverse.fromSchema}`;
    case "set-states-back":
      return "every stream whose row is still there is set back to its earlier state";
    case "run-again":
      return "not needed: it follows other records, so after their undo it is run again";
  }
};
