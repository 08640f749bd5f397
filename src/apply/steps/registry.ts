import type { Step, StepKind, StepOf } from "../../plan/steps/index.js";
import type { Check, Effect, Known } from "../check.js";
import type { RunContext } from "../run-context.js";
import type { StepRunner } from "../step-runner.js";
import { ghostStop } from "./ghost-stop.js";
import { holdDrop } from "./hold-drop.js";
import { journalDelete } from "./journal-delete.js";
import { keysExport } from "./keys-export.js";
import { lockClear } from "./lock-clear.js";
import { recordRemove } from "./record-remove.js";
import { recordWrite } from "./record-write.js";
import { rowClear } from "./row-clear.js";
import { shardAwaitPrimary } from "./shard-await-primary.js";
import { shardElect } from "./shard-elect.js";
import { shardRestore } from "./shard-restore.js";
import { srvvschemaRebuild } from "./srvvschema-rebuild.js";
import { streamDelete } from "./stream-delete.js";
import { streamRestart } from "./stream-restart.js";
import { streamStop } from "./stream-stop.js";
import { streamVerifyGone } from "./stream-verify-gone.js";
import { streamVerifyStopped } from "./stream-verify-stopped.js";
import { tableDrop } from "./table-drop.js";
import { tableHold } from "./table-hold.js";
import { tableReturn } from "./table-return.js";
import { tabletRefresh } from "./tablet-refresh.js";
import { tabletRestore } from "./tablet-restore.js";
import { tabletStayAway } from "./tablet-stay-away.js";
import { tabletStop } from "./tablet-stop.js";
import { vdiffDelete } from "./vdiff-delete.js";

/** One runner a kind; a kind without one does not compile. */
const RUNNERS: { readonly [K in StepKind]: StepRunner<K> } = {
  "stream.stop": streamStop,
  "stream.verify-stopped": streamVerifyStopped,
  "keys.export": keysExport,
  "table.hold": tableHold,
  "table.drop": tableDrop,
  "table.return": tableReturn,
  "hold.drop": holdDrop,
  "stream.restart": streamRestart,
  "record.write": recordWrite,
  "tablet.refresh": tabletRefresh,
  "srvvschema.rebuild": srvvschemaRebuild,
  "stream.delete": streamDelete,
  "vdiff.delete": vdiffDelete,
  "stream.verify-gone": streamVerifyGone,
  "tablet.restore": tabletRestore,
  "shard.restore": shardRestore,
  "shard.await-primary": shardAwaitPrimary,
  "tablet.stop": tabletStop,
  "tablet.stay-away": tabletStayAway,
  "record.remove": recordRemove,
  "journal.delete": journalDelete,
  "ghost.stop": ghostStop,
  "row.clear": rowClear,
  "shard.elect": shardElect,
  "lock.clear": lockClear,
};

/** A step joined with its runner. */
export interface BoundStep {
  readonly image: ((context: RunContext) => Promise<Known<unknown>>) | null;
  check(context: RunContext): Promise<Check>;
  run(context: RunContext): Promise<Effect>;
  verify(context: RunContext, effect: Effect): Promise<Check>;
}

export const bind = (step: Step): BoundStep => bindAs(step.kind, step);

function bindAs<K extends StepKind>(kind: K, step: StepOf<K>): BoundStep {
  const runner: StepRunner<K> = RUNNERS[kind];
  const image = runner.image;
  return {
    image: image === null ? null : (context) => image(step, context),
    check: (context) => runner.check(step, context),
    run: (context) => runner.run(step, context),
    verify: (context, effect) => runner.verify(step, context, effect),
  };
}
