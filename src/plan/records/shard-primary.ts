import { create } from "@bufbuild/protobuf";
import { parseAlias } from "../../cluster/alias.js";
import type { Outcome } from "../../cluster/outcome.js";
import { TabletAliasSchema } from "../../proto/gen/topodata_pb.js";
import type { Time } from "../../proto/gen/vttime_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { decodeShard, decodeTablet } from "../../topology/records.js";
import type { DraftStep } from "../draft.js";
import { type Process, tabletRef } from "../facts/processes.js";
import { type KeyFact, keyFact, type ShardRecord } from "../facts/topology.js";
import { editRecord } from "./record-type.js";
import { shard } from "./shard.js";

/** Nanoseconds since 1970 of a primary's term, 0n for none: of the tablet, of each other PRIMARY of its shard, and of the Shard record. */
interface Terms {
  readonly own: bigint;
  readonly others: readonly bigint[];
  readonly recorded: bigint;
}

/** By their records. A tablet whose own word is another one than its record's has no term. */
export const termsOf = (snapshot: Snapshot, of: ShardRecord, process: Process): Terms => {
  const terms = snapshot
    .rows("tablet", { keyspace: of.keyspace, shard: of.shard, type: "PRIMARY" })
    .map(({ alias, server, key }) => ({ alias, term: termIn(decodeTablet, keyFact(snapshot, server, key)) }));
  const own = terms.find(({ alias }) => alias === process.alias)?.term;
  const others = terms.filter(({ alias }) => alias !== process.alias).map(({ term }) => nanos(term));
  return {
    own: process.record === "present" && Number(own?.seconds ?? 0n) === process.termStart ? nanos(own) : 0n,
    others,
    recorded: nanos(termIn(decodeShard, keyFact(snapshot, of.server, of.key))),
  };
};

const nanos = (term: Time | undefined): bigint =>
  term === undefined ? 0n : term.seconds * 1_000_000_000n + BigInt(term.nanoseconds);

const termIn = <R extends { readonly primaryTermStartTime?: Time | undefined }>(
  decode: (value: Uint8Array) => Outcome<R>,
  fact: KeyFact | null,
): Time | undefined => {
  const record = fact === null ? null : decode(fact.value);
  return record?.kind === "answered" ? record.value.primaryTermStartTime : undefined;
};

/** Alias and term as the tablet's own record has them; where it serves it has to say so once more right before. */
export const nameInShard = (
  snapshot: Snapshot,
  { keyspace, shard: name, server, key }: ShardRecord,
  process: Process,
): readonly DraftStep[] => {
  const tablet = tabletRef(snapshot, process);
  const at = tablet.record;
  const term = at === undefined ? undefined : termIn(decodeTablet, keyFact(snapshot, at.server, at.key));
  const alias = parseAlias(process.alias);
  if (term === undefined || alias === null) return [];
  const edit = editRecord(snapshot, shard, { keyspace, shard: name }, { server, key }, (record) => ({
    ...record,
    primaryAlias: create(TabletAliasSchema, alias),
    primaryTermStartTime: term,
  }));
  const serves = snapshot.rows("live_tablet", { address: process.address, serving: 1 }).length > 0;
  const serving = [{ what: `PRIMARY of ${keyspace}/${name}`, tablets: [tablet] }];
  return edit.map((step) => (serves ? ({ ...step, serving } as DraftStep) : step));
};
