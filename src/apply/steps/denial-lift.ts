import type { StepOf } from "../../plan/steps/index.js";
import { type Shard, type Shard_TabletControl, TabletType } from "../../proto/gen/topodata_pb.js";
import { decodeShard, encodeShard } from "../../topology/records.js";
import { list } from "../mysql/tables.js";
import { type EditedRecord, type EditSight, movedOn, recordEdit } from "../record-edit.js";
import { stepRunner } from "../step-runner.js";
import { refused } from "../verdict.js";

type Lift = StepOf<"denial.lift">;

/**
 * Takes tables off `Shard.tablet_controls[].denied_tables` and leaves no empty control behind, as `SetShardTabletControl --remove` does
 * (topo/shard.go UpdateDeniedTables; docs/vitess.md#kept-denials). Tablets heed it at their next RefreshState.
 */
const edit = recordEdit((step: Lift) => ({
  decode: decodeShard,
  edit: (shard) => lift(shard, step),
  absentIsDone: false,
  doneWords: `${step.keyspace}/${step.shard} denies none of ${list(step.tables)}`,
}));

export const denialLift = stepRunner<"denial.lift", EditSight>({
  ...edit,
  guards: {
    unchanged: movedOn,
    notFrozen: (_step, { edited }) => (edited.kind === "refused" ? refused(edited.reason) : null),
  },
});

function lift(shard: Shard, step: Lift): EditedRecord {
  const denies = (control: Shard_TabletControl): boolean =>
    control.deniedTables.some((table) => step.tables.includes(table));
  if (!shard.tabletControls.some(denies)) return { kind: "as-it-should-be" };
  const frozen = shard.tabletControls.find((control) => denies(control) && control.frozen);
  if (frozen !== undefined) {
    return {
      kind: "refused",
      reason: `${step.keyspace}/${step.shard} is frozen for ${TabletType[frozen.tabletType]}: a traffic switch is past its point of no return`,
    };
  }
  const tabletControls = shard.tabletControls.flatMap((control) => {
    if (!denies(control)) return [control];
    const deniedTables = control.deniedTables.filter((table) => !step.tables.includes(table));
    return deniedTables.length === 0 ? [] : [{ ...control, deniedTables }];
  });
  return { kind: "put", value: encodeShard({ ...shard, tabletControls }) };
}
