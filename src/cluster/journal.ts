import type { Outcome } from "./outcome.js";
import { asEnum, asInteger, asString, type Fields, readPrototext } from "./prototext-fields.js";

/** A cutover's point of no return: `val` of `_vt.resharding_journal` (`binlogdata.Journal`, docs/vitess.md#journal-ids). */
export interface Journal {
  /** Decimal int64. */
  readonly id: string;
  readonly migration: "tables" | "shards";
  readonly tables: readonly string[];
  /** The source's position at which writes stopped. */
  readonly localPosition: string;
  /** Where the reverse streams start on each target. */
  readonly shardGtids: readonly ShardGtid[];
  readonly participants: readonly KeyspaceShard[];
  readonly sourceWorkflows: readonly string[];
}

export interface KeyspaceShard {
  readonly keyspace: string;
  readonly shard: string;
}

interface ShardGtid extends KeyspaceShard {
  readonly gtid: string;
}

export const parseJournal = (text: string): Outcome<Journal> => readPrototext(text, journal);

const journal = (fields: Fields): Journal => ({
  id: fields.one("id", asInteger, "0"),
  migration:
    fields.one("migration_type", asEnum(["TABLES", "SHARDS"]), "TABLES") === "SHARDS" ? "shards" : "tables",
  tables: fields.all("tables", asString),
  localPosition: fields.one("local_position", asString, ""),
  shardGtids: fields.each("shard_gtids", (gtid) => ({
    ...keyspaceShard(gtid),
    gtid: gtid.one("gtid", asString, ""),
  })),
  participants: fields.each("participants", keyspaceShard),
  sourceWorkflows: fields.all("source_workflows", asString),
});

const keyspaceShard = (fields: Fields): KeyspaceShard => ({
  keyspace: fields.one("keyspace", asString, ""),
  shard: fields.one("shard", asString, ""),
});

const FNV_OFFSET = 14695981039346656037n;
const FNV_PRIME = 1099511628211n;

/**
 * The id that Vitess gives to the journals of a workflow's switch: FNV-1 over the target keyspace and its streams, top bit cleared
 * (`HashStreams`, go/vt/vtctl/workflow/utils.go, v19 to v24). It says nothing of time: streams with the same numbers on new targets
 * have the same id (docs/vitess.md#journal-ids).
 */
export const migrationId = (
  targetKeyspace: string,
  streams: readonly { readonly shard: string; readonly id: number }[],
): string => {
  const names = streams.map(({ shard, id }) => Buffer.from(`${shard}:${id}`)).sort(Buffer.compare);
  let hash = FNV_OFFSET;
  for (const byte of Buffer.concat([Buffer.from(targetKeyspace), ...names])) {
    hash = BigInt.asUintN(64, hash * FNV_PRIME) ^ BigInt(byte);
  }
  return BigInt.asUintN(63, hash).toString();
};
