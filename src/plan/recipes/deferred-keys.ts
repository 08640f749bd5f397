import { RefusedError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import type { DeferredKey } from "../plan.js";
import { tabletRef } from "../view/processes.js";
import type { StreamGroup } from "../view/streams.js";

/** Secondary keys that the copy has put off: they exist nowhere else, and go with the stream (docs/vitess.md#deferred-keys). */
const deferredKeys = (snapshot: Snapshot, group: StreamGroup): readonly DeferredKey[] =>
  group.streams.flatMap((stream) =>
    snapshot
      .all<{ table: string; json: string }>(
        `SELECT table_name AS "table", action_json AS json FROM post_copy_action
         WHERE address = ? AND vrepl_id = ? ORDER BY id`,
        stream.address,
        stream.id,
      )
      .map(({ table, json }) => ({ table, alter: taskOf(stream.address, json) })),
  );

export const keySteps = (
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
  options: { readonly apply: boolean },
): readonly DraftStep[] =>
  groups.flatMap((group) => {
    const actions = deferredKeys(snapshot, group);
    return actions.length === 0
      ? []
      : [
          {
            kind: "keys.export",
            tablet: tabletRef(snapshot, group.process),
            dbName: group.dbName,
            actions,
            apply: options.apply,
          } as const,
        ];
  });

/** `remedy`: what the operator can do about it. */
export const keyNotes = (
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
  remedy: string,
): readonly string[] =>
  groups
    .filter((group) => deferredKeys(snapshot, group).length > 0)
    .map(
      (group) =>
        `the kept tables on ${group.process.alias} lack secondary keys that the copy had put off: their statements are saved in the run's folder${remedy}`,
    );

/**
 * `{"task": "alter table ...", "type": 1}`: PostCopyActionSQL is the only type there is (vreplicator.go). Throws `RefusedError` for
 * anything else: a key that can not be saved would be lost.
 */
const taskOf = (address: string, json: string): string => {
  const action: unknown = JSON.parse(json);
  if (typeof action === "object" && action !== null && "task" in action && typeof action.task === "string")
    return action.task;
  throw new RefusedError(
    `a row of _vt.post_copy_action at ${address} can not be read, so a secondary key would be lost: ${json}`,
  );
};
