import { statementOf } from "../../cluster/post-copy-action.js";
import type { DeferredKey, TabletRef } from "../../plan/fields.js";
import { type Known, known, type Refused, refused, type Silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { nameOf } from "../tablet/identity.js";
import { inIds, readCopyRows } from "./stream-state.js";

/** The streams of one workflow on one tablet. */
export interface StreamsThere {
  readonly tablet: TabletRef;
  readonly workflow: string;
  readonly dbName: string;
  readonly ids: readonly number[];
}

const FILE = "deferred-keys.sql";

const titleOf = ({ tablet, dbName }: StreamsThere): string =>
  `${nameOf(tablet)} ${tablet.keyspace}/${tablet.shard} ${dbName}`;

export const streamsWords = ({ tablet, workflow, ids }: StreamsThere): string =>
  `${inIds(ids)} of ${workflow} on ${nameOf(tablet)}`;

/** The secondary keys that the copy has put off and that stand in `_vt.post_copy_action` now. */
export async function deferredKeys(
  at: StreamsThere,
  context: RunContext,
): Promise<Known<readonly DeferredKey[]>> {
  const seen = await readCopyRows(at.tablet, at.ids, context.ports.reader);
  if (seen.kind !== "known") return seen;
  const keys: DeferredKey[] = [];
  for (const { table_name, action } of seen.value.postCopyActions) {
    const alter = statementOf(action ?? "");
    if (alter === null)
      return refused(
        `a row of _vt.post_copy_action of ${streamsWords(at)} can not be read, so a secondary key would be lost: ${action}`,
      );
    keys.push({ table: table_name ?? "", alter });
  }
  return known(keys);
}

/** Those that the run's folder does not have. */
export function unsaved(
  keys: readonly DeferredKey[],
  at: StreamsThere,
  context: RunContext,
): readonly DeferredKey[] {
  const saved = `\n${context.folder.section(FILE, titleOf(at)).text}`;
  return keys.filter(({ alter }) => !saved.includes(`\n${alter};\n`));
}

export function save(keys: readonly DeferredKey[], at: StreamsThere, context: RunContext): void {
  const text = keys.map(({ alter }) => `${alter};`).join("\n");
  if (text !== "") context.folder.addSection(FILE, titleOf(at), text);
}

export const fileOfKeys = (at: StreamsThere, context: RunContext): string =>
  context.folder.section(FILE, titleOf(at)).path;

/** Right before the rows of streams go, and what they put off with them. Null: this run has it. */
export async function unsavedKeys(at: StreamsThere, context: RunContext): Promise<Refused | Silent | null> {
  const keys = await deferredKeys(at, context);
  if (keys.kind !== "known") return keys;
  const lost = unsaved(keys.value, at, context);
  if (lost.length === 0) return null;
  return refused(
    `${streamsWords(at)} put off secondary keys that this run has not saved and that would go with the streams: ${lost.map(({ alter }) => alter).join("; ")}; plan anew`,
  );
}
