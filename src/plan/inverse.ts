import type { TabletRef } from "./refs.js";

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
      return `vtdoctor undo renames them back from ${inverse.fromSchema}`;
    case "set-states-back":
      return "every stream whose row is still there is set back to its earlier state";
    case "run-again":
      return "not needed: it follows other records, so after their undo it is run again";
  }
};
