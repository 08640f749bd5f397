import { type Field, union, type ValueOf, type ValuesOf } from "../fields.js";
import { keyspace } from "./keyspace.js";
import { keyspaceRoutingRules } from "./keyspace-routing-rules.js";
import { mirrorRules } from "./mirror-rules.js";
import type { AnyRecordType } from "./record-type.js";
import { routingRules } from "./routing-rules.js";
import { shard } from "./shard.js";
import { shardReplication } from "./shard-replication.js";
import { shardRoutingRules } from "./shard-routing-rules.js";
import { srvKeyspace } from "./srv-keyspace.js";
import { tablet } from "./tablet.js";
import { vschema } from "./vschema.js";

/** A type under another name than its own does not compile. */
function byKind<T extends { readonly [K in keyof T]: { readonly kind: K } }>(types: T): T {
  return types;
}

/** Every type of record that a plan writes whole. */
export const RECORDS = byKind({
  shard,
  keyspace,
  "routing-rules": routingRules,
  "shard-routing-rules": shardRoutingRules,
  "keyspace-routing-rules": keyspaceRoutingRules,
  "mirror-rules": mirrorRules,
  vschema,
  "srv-keyspace": srvKeyspace,
  tablet,
  "shard-replication": shardReplication,
});

type Records = typeof RECORDS;
type RecordKind = keyof Records;

/** Which record of which type, as a plan file has it. */
export const recordName = union(
  Object.fromEntries(Object.entries(RECORDS).map(([kind, { scope }]) => [kind, scope])),
) as unknown as Field<
  { [K in RecordKind]: { readonly kind: K } & ValuesOf<Records[K]["scope"]> }[RecordKind]
>;
export type RecordName = ValueOf<typeof recordName>;

/** The compiler does not see that a record's own type takes it: this one place says it. */
export const typeOf = ({ kind }: RecordName): AnyRecordType<RecordName> =>
  RECORDS[kind] as unknown as AnyRecordType<RecordName>;
