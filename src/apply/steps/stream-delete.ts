import type { StepOf } from "../../plan/steps/index.js";
import { done, refused, silent } from "../check.js";
import { type Broken, stepRunner } from "../step-runner.js";
import { unsavedKeys } from "../streams/deferred-keys.js";
import {
  countOf,
  type FullStreamState,
  imageOfStreams,
  inIds,
  readFullState,
  unplanned,
} from "../streams/stream-state.js";
import { nameOf } from "../tablet/identity.js";
import { guardPrimary } from "../tablet/tablet-guard.js";

type Delete = StepOf<"stream.delete">;

/**
 * Deletes the rows of stopped streams by `DeleteVReplicationWorkflow`, which also ends their controllers and deletes their copy_state
 * and post_copy_action rows (docs/vitess.md#vreplicationexec). Never by SQL: that leaves a ghost that writes on (docs/vitess.md#ghosts).
 */
export const streamDelete = stepRunner<"stream.delete", FullStreamState>({
  image: (step, context) => imageOfStreams(step, idsOf(step), context),
  look: (step, context) => readFullState(step, idsOf(step), context),
  ended: (step, { rows, engine, copyRows }) =>
    rows.length + engine.length + countOf(copyRows) === 0
      ? `${inIds(idsOf(step))} ${whereOf(step)}: no row in _vt and no stream in the engine`
      : null,
  guards: {
    planned: (step, seen) => {
      const strangers = unplanned(seen, idsOf(step));
      return strangers.length === 0
        ? null
        : refused(
            `${inIds(strangers)} ${whereOf(step)} is not in the plan and would be deleted too; plan anew`,
          );
    },
    stopped,
    keysSaved: (step, _seen, context) => unsavedKeys({ ...step, ids: idsOf(step) }, context),
  },

  async run(step, context) {
    const stop = await guardPrimary(step.tablet, context);
    if (stop !== null) return stop;
    const reply = await context.ports.writer.deleteWorkflow(step.tablet.address, step.workflow);
    if (reply.kind === "unanswered") return silent(nameOf(step.tablet), reply);
    return done(`${nameOf(step.tablet)} deleted ${inIds(idsOf(step))} of ${step.workflow}`);
  },
});

const idsOf = (step: Delete): readonly number[] => step.rows.map((row) => row.id);

const whereOf = (step: Delete): string => `of ${step.workflow} on ${nameOf(step.tablet)}`;

/** Without rows nothing is left that could be stopped: what the engine or the other tables still have then is nobody's to delete here. */
function stopped(step: Delete, { rows, engine, copyRows }: FullStreamState): Broken {
  const running = [...rows, ...engine].find((stream) => stream.state !== "Stopped");
  if (running !== undefined)
    return refused(`${inIds([running.id])} ${whereOf(step)} is ${running.state}, not Stopped`);
  if (rows.length > 0) return null;
  return engine.length > 0
    ? refused(
        `${inIds(engine.map((ghost) => ghost.id))} ${whereOf(step)} is still in the engine without a row`,
      )
    : refused(
        `${countOf(copyRows)} rows of ${inIds(idsOf(step))} ${whereOf(step)} are left in copy_state or post_copy_action`,
      );
}
