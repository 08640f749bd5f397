import type { Snapshot } from "../../snapshot/snapshot.js";
import { vschemaKey } from "../../topology/paths.js";
import type { DraftStep } from "../steps/index.js";
import { base64, keyFact } from "../view/keys.js";
import { globalRoot } from "../view/roots.js";
import type { CancelSubject } from "./subject.js";
import { ruleTables } from "./tables.js";

/**
 * MoveTables adds its tables to an unsharded target's VSchema; a sharded one is the operator's own work (docs/vitess.md#cancel-order).
 * Where the data is kept, entries go all the same that say nothing: once the routing rules are gone, a table that two VSchemas list is
 * an "ambiguous table reference" to every query that names no keyspace (seen on v24), and an unsharded keyspace is read without entries.
 */
export const vschemaSteps = (
  snapshot: Snapshot,
  subject: CancelSubject,
  options: { readonly keep: boolean },
): readonly DraftStep[] => {
  const { server, root } = globalRoot(snapshot);
  const record = keyFact(snapshot, server, vschemaKey(root, subject.keyspace));
  const entries = unshardedEntries(snapshot, subject.keyspace);
  const tables = ruleTables(snapshot, subject.groups).filter((table) => {
    const entry = entries[table];
    return entry !== undefined && (!options.keep || Object.keys(entry).length === 0);
  });
  if (record === null || tables.length === 0) return [];
  return [
    {
      kind: "vschema.remove-tables",
      server,
      key: record.key,
      keyspace: subject.keyspace,
      tables,
      modRevision: record.modRevision,
      before: base64(record.value),
    },
  ];
};

/** What an unsharded keyspace's VSchema says of its tables; nothing for a sharded one. */
const unshardedEntries = (snapshot: Snapshot, keyspace: string): Readonly<Record<string, object>> => {
  const [vschema] = snapshot.rows("vschema", { scope: "global", keyspace, sharded: 0 });
  const body = JSON.parse(vschema?.body_json ?? "{}") as {
    readonly tables?: Readonly<Record<string, object>>;
  };
  return body.tables ?? {};
};
