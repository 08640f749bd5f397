import { type KeyRange, keyRangeOfShard, overlaps } from "../../cluster/key-range.js";
import { parseStreamSource } from "../../cluster/stream-source.js";
import { type Records, shardName } from "../topology/records.js";
import type { TabletAnswers } from "./answers.js";

/**
 * Who is asked for each shard in the second round: its primaries, whose sidecar tables the replicas only copy
 * (docs/vitess.md#sidecar-replication); where none answers, everybody who does.
 */
export function primariesOrAll(answers: readonly TabletAnswers[]): readonly TabletAnswers[] {
  const askable = answers.filter(({ access, byGrpc }) => access === "ours" && byGrpc);
  const led = new Set(askable.filter(isPrimary).map(shardOf));
  return askable.filter((tablet) => isPrimary(tablet) || !led.has(shardOf(tablet)));
}

/**
 * The shards whose tables a verdict or a repair may rest on: those that streams write to or read from, and those that do not serve
 * as usual (no record, not serving, something denied). Of one without a record also the shards that share key ranges with it: whoever took
 * over has what it had.
 */
export function shardsOfInterest(answers: readonly TabletAnswers[], records: Records): ReadonlySet<string> {
  const interesting = new Set<string>();
  for (const tablet of answers) {
    const shard = shardOf(tablet);
    if (!records.plainShards.has(shard)) interesting.add(shard);
    for (const { source } of tablet.facts.vreplication ?? []) {
      interesting.add(shard);
      const from = parseStreamSource(source);
      if (from.kind === "answered") interesting.add(shardName(from.value.keyspace, from.value.shard));
    }
  }
  const unrecorded = answers.filter((tablet) => !records.shards.has(shardOf(tablet)));
  for (const shard of neighbours(answers, unrecorded)) interesting.add(shard);
  return interesting;
}

/** The shards of `answers` that share key ranges with one of `others`, in its keyspace. */
const neighbours = (
  answers: readonly TabletAnswers[],
  others: readonly TabletAnswers[],
): readonly string[] => {
  const ranges = new Map<string, Map<string, KeyRange>>();
  for (const { who } of others) {
    const range = keyRangeOfShard(who?.shard ?? "");
    if (who === null || range === null) continue;
    const own = ranges.get(who.keyspace) ?? new Map<string, KeyRange>();
    ranges.set(who.keyspace, own.set(who.shard, range));
  }
  return answers.filter(isPrimary).flatMap((tablet) => {
    const range = keyRangeOfShard(tablet.who?.shard ?? "");
    const near = [...(ranges.get(tablet.who?.keyspace ?? "")?.values() ?? [])];
    return range !== null && near.some((other) => overlaps(other, range)) ? [shardOf(tablet)] : [];
  });
};

/** The keyspaces in this cluster that streams read from. */
export function sourceKeyspaces(answers: readonly TabletAnswers[]): ReadonlySet<string> {
  const keyspaces = answers
    .flatMap(({ facts }) => facts.vreplication ?? [])
    .map(({ source }) => parseStreamSource(source))
    .flatMap((from) =>
      from.kind === "answered" && from.value.externalCluster === "" ? [from.value.keyspace] : [],
    );
  return new Set(keyspaces);
}

export const isPrimary = ({ who }: TabletAnswers): boolean => who?.type === "PRIMARY";

export const shardOf = ({ who }: TabletAnswers): string => shardName(who?.keyspace ?? "", who?.shard ?? "");
