import type { StepSpec } from "./spec.js";
import { tabletName } from "./words.js";

export const journalDelete: StepSpec<"journal.delete"> = {
  kind: "journal.delete",
  class: "confirm",
  destroys: "metadata",
  describe: (step) => ({
    does: `deletes the journal ${step.journal} from \`_vt.resharding_journal\` of ${tabletName(step.tablet)}`,
    checks: "that the row is the one of the plan, and that the tablet is still the shard's PRIMARY",
    proves: "the row is gone; replicas follow by replication",
    undo: "none: a journal that no switch belongs to lets the next switch of the same id skip its catch-up; the row is kept in before/",
  }),
};
