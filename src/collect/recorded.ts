import { type SrvKeyspace, TabletType } from "../proto/gen/topodata_pb.js";
import { classifyKey } from "../topology/paths.js";
import { decodeKeyspace, decodeShard, decodeSrvKeyspace, decodeTablet } from "../topology/records.js";
import type { RecordedTablet } from "../witnesses/topology-witnesses.js";
import type { TopologyReading } from "./topology-reading.js";

/** What collecting itself needs to know of the topology: whom to ask, and what to ask of whom. */
export interface Recorded {
  readonly tablets: readonly RecordedTablet[];
  /** The sidecar database of each keyspace, `_vt` where its record names none (topo/keyspace.go:142 v24). */
  readonly sidecars: ReadonlyMap<string, string>;
  /**
   * `keyspace/shard` of the shards that serve as usual: a record, writes served, nothing denied or disabled, and in every cell reads go
   * where writes go.
   */
  readonly plainShards: ReadonlySet<string>;
}

export const DEFAULT_SIDECAR = "_vt";

export const shardName = (keyspace: string, shard: string): string => `${keyspace}/${shard}`;

export function recordedBy(topology: TopologyReading): Recorded {
  const tablets = new Map<string, RecordedTablet>();
  const sidecars = new Map<string, string>();
  const plainShards = new Set<string>();
  const divided = new Set<string>();
  for (const { server, root } of topology.roots) {
    const reading = topology.servers.find((one) => one.server === server);
    for (const { key, value } of reading?.entries.values() ?? []) {
      const known = classifyKey(root, key);
      if (known.kind === "tablet") {
        const tablet = decodeTablet(value);
        if (tablet.kind === "answered") tablets.set(key, { key, tablet: tablet.value });
      } else if (known.kind === "keyspace") {
        const keyspace = decodeKeyspace(value);
        if (keyspace.kind === "answered") {
          sidecars.set(known.keyspace, keyspace.value.sidecarDbName || DEFAULT_SIDECAR);
        }
      } else if (known.kind === "shard") {
        const shard = decodeShard(value);
        if (
          shard.kind === "answered" &&
          shard.value.isPrimaryServing &&
          shard.value.tabletControls.length === 0
        ) {
          plainShards.add(shardName(known.keyspace, known.shard));
        }
      } else if (known.kind === "srv-keyspace") {
        const graph = decodeSrvKeyspace(value);
        if (graph.kind === "answered" && isDivided(graph.value)) divided.add(known.keyspace);
      }
    }
  }
  return {
    tablets: [...tablets.values()],
    sidecars,
    plainShards: new Set([...plainShards].filter((shard) => !divided.has(keyspaceOf(shard)))),
  };
}

const keyspaceOf = (shard: string): string => shard.slice(0, shard.indexOf("/"));

/** Whether some queries of the keyspace go to other shards than its writes. */
const isDivided = ({ partitions }: SrvKeyspace): boolean => {
  const shardsOf = (type: TabletType): string =>
    partitions
      .filter(({ servedType }) => servedType === type)
      .flatMap(({ shardReferences }) => shardReferences.map(({ name }) => name))
      .toSorted()
      .join();
  const writes = shardsOf(TabletType.PRIMARY);
  return partitions.some(({ servedType }) => shardsOf(servedType) !== writes);
};
