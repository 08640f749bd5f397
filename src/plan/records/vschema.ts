import {
  type Table,
  TableSchema,
  type Keyspace as VSchema,
  KeyspaceSchema as VSchemaSchema,
} from "../../proto/gen/vschema_pb.js";
import { filled } from "../fields.js";
import { isGlobal } from "../named-key.js";
import { quoted } from "../steps/text.js";
import { mergeNamed, recordType, sameRecord } from "./record-type.js";

type Tables = { [table: string]: Table };

export const vschema = recordType({
  kind: "vschema",
  scope: { keyspace: filled },
  schema: VSchemaSchema,
  key:
    ({ keyspace }) =>
    (key, root) =>
      key.kind === "vschema" && key.keyspace === keyspace && isGlobal(root),
  name: ({ keyspace }) => `the VSchema of ${keyspace}`,
  subject: ({ keyspace }) => `VSchema-${keyspace}`,
  absent: "absent",
  parts: {
    tables: {
      changes: ({ keyspace }, before, after) => {
        const { removed, added, changed } = differing(before, after);
        return [
          ...(removed.length === 0 ? [] : [`removes ${quoted(removed)} from the VSchema of ${keyspace}`]),
          ...(added.length === 0 ? [] : [`adds ${quoted(added)} to the VSchema of ${keyspace}`]),
          ...(changed.length === 0
            ? []
            : [`changes what the VSchema of ${keyspace} says of ${quoted(changed)}`]),
        ];
      },
      what: ({ keyspace }, before, after) =>
        `the tables ${Object.values(differing(before, after)).flat().join(", ")} of the VSchema of ${keyspace}`,
      merge: (from, to, now) => {
        const there = Object.entries(now);
        const merged = mergeEntries(Object.entries(from), Object.entries(to), there);
        if (merged.kind === "clash") return merged;
        return { kind: "merged", value: merged.value === there ? now : Object.fromEntries(merged.value) };
      },
    },
  },
});

export const withoutTables =
  (tables: readonly string[]) =>
  (record: VSchema): VSchema => ({
    ...record,
    tables: Object.fromEntries(Object.entries(record.tables).filter(([name]) => !tables.includes(name))),
  });

const mergeEntries = mergeNamed<[string, Table]>(
  ([name]) => name,
  ([, one], [, other]) => sameRecord(TableSchema, one, other),
  (names) => `the VSchema names ${names.join(", ")} again since`,
);

const differing = (before: Tables, after: Tables) => ({
  removed: Object.keys(before).filter((name) => !(name in after)),
  added: Object.keys(after).filter((name) => !(name in before)),
  changed: Object.entries(before).flatMap(([name, table]) => {
    const other = after[name];
    return other === undefined || sameRecord(TableSchema, table, other) ? [] : [name];
  }),
});
