import type { TabletRef } from "./plan.js";

/** How a step is taken back. `vtdoctor undo` runs these in the opposite order; the values from before lie in `before/`. */
export type Inverse =
  /** It has none, and why (docs/decisions.md#d20). */
  | { readonly kind: "none"; readonly because: string }
  /** Put the key's former value back where the key still has what the step wrote; the before-image has both. */
  | { readonly kind: "put-key-back"; readonly server: string; readonly key: string }
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
