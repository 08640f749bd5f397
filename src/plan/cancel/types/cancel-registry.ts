import { isWorkflowKind, type WorkflowKind } from "../../../snapshot/derive/workflow-kind.js";
import type { CancelType } from "./cancel-type.js";
import { materialize } from "./materialize.js";
import { moveTables } from "./move-tables.js";
import { reshard } from "./reshard.js";

/** Null: its cancel would need steps that vtdoctor does not have. */
const TYPES: Readonly<Record<WorkflowKind, CancelType | null>> = {
  Reshard: reshard,
  MoveTables: moveTables,
  Materialize: materialize,
  CreateLookupIndex: null,
  Migrate: null,
  OnlineDDL: null,
};

/** Null also for a kind that a later Vitess has. */
export const cancelType = (kind: string): CancelType | null => (isWorkflowKind(kind) ? TYPES[kind] : null);
