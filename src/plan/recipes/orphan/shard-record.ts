import { clone, create } from "@bufbuild/protobuf";
import { formatAlias } from "../../../cluster/alias.js";
import { keyRangeOfShard } from "../../../cluster/key-range.js";
import { KeyRangeSchema, type Shard, ShardSchema } from "../../../proto/gen/topodata_pb.js";
import { decodeShard, encodeShard } from "../../../topology/records.js";
import type { Process } from "../../view/processes.js";
import type { Deletion } from "./deletion.js";

export interface ShardBytes {
  readonly bytes: Uint8Array;
  readonly origin: string;
}

/**
 * The Shard record to create: never serving, and naming its primary only where it names the live one and its term. A newer term than
 * the tablet's own would demote it; an empty one is filled by its shard sync within 30 s (docs/vitess.md#shard-sync,
 * docs/vitess.md#putting-records-back).
 */
export const shardRecord = (shard: string, primary: Process, deletion: Deletion | null): ShardBytes => {
  const decoded = deletion === null ? null : decodeShard(deletion.value);
  if (deletion === null || decoded === null || decoded.kind === "unanswered")
    return { bytes: encodeShard(fromName(shard)), origin: "reconstructed from the shard's name" };
  const record = clone(ShardSchema, decoded.value);
  record.isPrimaryServing = false;
  if (!namesPrimary(record, primary)) {
    record.primaryAlias = undefined;
    record.primaryTermStartTime = undefined;
  }
  return { bytes: encodeShard(record), origin: `etcd history before revision ${deletion.deletedRevision}` };
};

const fromName = (shard: string): Shard => {
  const record = create(ShardSchema);
  const range = keyRangeOfShard(shard);
  if (range !== null && shard.includes("-"))
    record.keyRange = create(KeyRangeSchema, {
      start: Buffer.from(range.start, "hex"),
      end: Buffer.from(range.end, "hex"),
    });
  return record;
};

const namesPrimary = (record: Shard, primary: Process): boolean =>
  record.primaryAlias !== undefined &&
  formatAlias(record.primaryAlias) === primary.alias &&
  record.primaryTermStartTime?.seconds === BigInt(primary.termStart);
