import { parseStreamSource } from "../cluster/stream-source.js";
import { type Recorded, shardName } from "./recorded.js";
import type { Sighting } from "./sighting.js";

/**
 * Who speaks for each shard in the second round: its primaries, whose sidecar tables the replicas only copy
 * (docs/vitess.md#sidecar-replication); where none answers, everybody who does.
 */
export function spokesmen(sightings: readonly Sighting[]): readonly Sighting[] {
  const askable = sightings.filter(({ standing, byGrpc }) => standing === "ours" && byGrpc);
  const led = new Set(askable.filter(isPrimary).map(shardOf));
  return askable.filter((sighting) => isPrimary(sighting) || !led.has(shardOf(sighting)));
}

/**
 * The shards whose tables a verdict or a repair may rest on: those that streams write to or read from, and those that do not serve
 * as usual (no record, not serving, something denied).
 */
export function shardsOfInterest(sightings: readonly Sighting[], recorded: Recorded): ReadonlySet<string> {
  const interesting = new Set<string>();
  for (const sighting of sightings) {
    const shard = shardOf(sighting);
    if (!recorded.plainShards.has(shard)) interesting.add(shard);
    for (const { source } of sighting.facts.vreplication ?? []) {
      interesting.add(shard);
      const from = parseStreamSource(source);
      if (from.kind === "answered") interesting.add(shardName(from.value.keyspace, from.value.shard));
    }
  }
  return interesting;
}

/** The keyspaces in this cluster that streams read from. */
export function sourceKeyspaces(sightings: readonly Sighting[]): ReadonlySet<string> {
  const keyspaces = sightings
    .flatMap(({ facts }) => facts.vreplication ?? [])
    .map(({ source }) => parseStreamSource(source))
    .flatMap((from) =>
      from.kind === "answered" && from.value.externalCluster === "" ? [from.value.keyspace] : [],
    );
  return new Set(keyspaces);
}

export const isPrimary = ({ who }: Sighting): boolean => who?.type === "PRIMARY";

export const shardOf = ({ who }: Sighting): string => shardName(who?.keyspace ?? "", who?.shard ?? "");
