import { RefusedError } from "../../cluster/errors.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../draft.js";
import { statementOf } from "../post-copy-action.js";
import type { DeferredKey } from "../refs.js";
import { type StreamGroup, streamSet } from "../view/streams.js";

/** Secondary keys that the copy has put off: they exist nowhere else, and go with the stream (docs/vitess.md#deferred-keys). */
const deferredKeys = (snapshot: Snapshot, group: StreamGroup): readonly DeferredKey[] =>
  group.streams.flatMap((stream) =>
    snapshot
      .rows("post_copy_action", { address: stream.address, vrepl_id: stream.id })
      .map(({ table_name, action_json }) => ({
        table: table_name,
        alter: taskOf(stream.address, action_json),
      })),
  );

export const keySteps = (
  snapshot: Snapshot,
  groups: readonly StreamGroup[],
  options: { readonly apply: boolean },
): readonly DraftStep[] =>
  groups.flatMap((group) => {
    const actions = deferredKeys(snapshot, group);
    return actions.length === 0 && !mayPutOffMore(snapshot, group)
      ? []
      : [
          {
            kind: "keys.export",
            ...streamSet(snapshot, group),
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

/** Throws `RefusedError` for a row that is no statement: a key that can not be saved would be lost. */
const taskOf = (address: string, json: string): string => {
  const statement = statementOf(json);
  if (statement !== null) return statement;
  throw new RefusedError(
    `a row of _vt.post_copy_action at ${address} can not be read, so a secondary key would be lost: ${json}`,
  );
};

/** Whether a copy that has not ended may put off more of them before its streams are stopped. */
const mayPutOffMore = (snapshot: Snapshot, { streams }: StreamGroup): boolean =>
  streams.some(
    ({ address, id, copying }) =>
      copying === 1 && snapshot.rows("vreplication", { address, id, defer_secondary_keys: 1 }).length > 0,
  );
