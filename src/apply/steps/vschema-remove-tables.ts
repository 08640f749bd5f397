import type { StepOf } from "../../plan/steps/index.js";
import type { Keyspace } from "../../proto/gen/vschema_pb.js";
import { decodeVSchema, encodeVSchema } from "../../topology/records.js";
import { list } from "../mysql/tables.js";
import { type EditedRecord, type EditSight, movedOn, recordEdit } from "../record-edit.js";
import { stepRunner } from "../step-runner.js";

type RemoveTables = StepOf<"vschema.remove-tables">;

/** Takes tables off a keyspace's VSchema (docs/vitess.md#cancel-order). */
const edit = recordEdit((step: RemoveTables) => ({
  decode: decodeVSchema,
  edit: (record) => withoutTables(record, step.tables),
  absentIsDone: true,
  doneWords: `the VSchema of ${step.keyspace} does not name ${list(step.tables)}`,
}));

export const vschemaRemoveTables = stepRunner<"vschema.remove-tables", EditSight>({
  ...edit,
  guards: { unchanged: movedOn },
});

function withoutTables(record: Keyspace, tables: readonly string[]): EditedRecord {
  const kept = Object.entries(record.tables).filter(([name]) => !tables.includes(name));
  return kept.length === Object.keys(record.tables).length
    ? { kind: "as-it-should-be" }
    : { kind: "put", value: encodeVSchema({ ...record, tables: Object.fromEntries(kept) }) };
}
