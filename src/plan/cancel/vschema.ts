import type { Snapshot } from "../../snapshot/snapshot.js";
import { vschemaKey } from "../../topology/paths.js";
import type { DraftStep } from "../draft.js";
import { base64, keyFact } from "../view/keys.js";
import { globalRoot } from "../view/roots.js";
import type { CancelSubject } from "./subject.js";
import { ruleTables } from "./tables.js";

/** MoveTables adds its tables to an unsharded target's VSchema; a sharded one is the operator's own work (`cancel-path.md` 5.2-6d). */
export const vschemaSteps = (snapshot: Snapshot, subject: CancelSubject): readonly DraftStep[] => {
  const { server, root } = globalRoot(snapshot);
  const record = keyFact(snapshot, server, vschemaKey(root, subject.keyspace));
  const unsharded = snapshot.all(
    "SELECT 1 FROM vschema WHERE scope = 'global' AND keyspace = ? AND sharded = 0",
    subject.keyspace,
  );
  if (record === null || unsharded.length === 0) return [];
  const named = new Set(ruleTables(snapshot, subject.groups));
  const tables = snapshot
    .all<{ name: string }>(
      "SELECT table_name AS name FROM vschema_table WHERE scope = 'global' AND keyspace = ? ORDER BY table_name",
      subject.keyspace,
    )
    .map(({ name }) => name)
    .filter((name) => named.has(name));
  if (tables.length === 0) return [];
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
