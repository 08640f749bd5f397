import type { SrvKeyspace } from "../../proto/gen/topodata_pb.js";
import type { SrvVSchema, Keyspace as VSchema } from "../../proto/gen/vschema_pb.js";
import { classifyKey } from "../../topology/paths.js";
import {
  decodeKeyspace,
  decodeShard,
  decodeSrvKeyspace,
  decodeSrvVSchema,
  decodeTablet,
  decodeVSchema,
} from "../../topology/records.js";
import type { RecordedTablet } from "../../witnesses/witnesses.js";
import type { TopologyReading } from "./servers.js";

/** What collecting itself needs to know of the topology: whom to ask, and what to ask of whom. */
export interface Records {
  readonly tablets: readonly RecordedTablet[];
  /** The sidecar database of each keyspace, `_vt` where its record names none (topo/keyspace.go:142 v24). */
  readonly sidecars: ReadonlyMap<string, string>;
  /**
   * `keyspace/shard` of the shards that serve as usual: a record, writes served, nothing denied or disabled, and in every cell reads and
   * writes of the keyspace go to the shards that serve by their records.
   */
  readonly plainShards: ReadonlySet<string>;
  /** `keyspace/shard` of the shards whose records say that they serve. */
  readonly servingShards: ReadonlySet<string>;
  /**
   * Keyspaces that routing rules lead to, those with the table of a lookup vindex or a sequence of another one, and those whose VSchemas have a
   * table of one name: a query that does not say the keyspace leads nowhere then.
   */
  readonly namedKeyspaces: ReadonlySet<string>;
  /** Keyspace to the tables that its VSchema calls sequences. */
  readonly sequences: ReadonlyMap<string, ReadonlySet<string>>;
}

export const DEFAULT_SIDECAR = "_vt";

export const shardName = (keyspace: string, shard: string): string => `${keyspace}/${shard}`;

export function recordsOf(topology: TopologyReading): Records {
  const tablets = new Map<string, RecordedTablet>();
  const sidecars = new Map<string, string>();
  const plainShards = new Set<string>();
  const serving = new Map<string, string[]>();
  const named = new Set<string>();
  const vschemas: Record<string, VSchema> = {};
  const graphs: { readonly keyspace: string; readonly graph: SrvKeyspace }[] = [];
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
        if (shard.kind === "answered" && shard.value.isPrimaryServing) {
          serving.set(known.keyspace, [...(serving.get(known.keyspace) ?? []), known.shard]);
          if (shard.value.tabletControls.length === 0)
            plainShards.add(shardName(known.keyspace, known.shard));
        }
      } else if (known.kind === "srv-keyspace") {
        const graph = decodeSrvKeyspace(value);
        if (graph.kind === "answered") graphs.push({ keyspace: known.keyspace, graph: graph.value });
      } else if (known.kind === "vschema") {
        const vschema = decodeVSchema(value);
        if (vschema.kind === "answered") vschemas[known.keyspace] = vschema.value;
      } else if (known.kind === "srv-vschema") {
        const vschema = decodeSrvVSchema(value);
        if (vschema.kind === "answered") for (const name of namedIn(vschema.value)) named.add(name);
      }
    }
  }
  // As the next rebuild of SrvVSchema will have them.
  for (const name of sharing(vschemas)) named.add(name);
  for (const [keyspace, { tables }] of Object.entries(vschemas))
    if (sequencesOf(tables).size > 0) named.add(keyspace);
  const divided = new Set(
    graphs
      .filter(({ keyspace, graph }) => isDivided(graph, serving.get(keyspace) ?? []))
      .map(({ keyspace }) => keyspace),
  );
  return {
    tablets: [...tablets.values()],
    sidecars,
    plainShards: new Set([...plainShards].filter((shard) => !divided.has(keyspaceOf(shard)))),
    servingShards: new Set(
      [...serving].flatMap(([keyspace, names]) => names.map((shard) => shardName(keyspace, shard))),
    ),
    namedKeyspaces: named,
    sequences: new Map(
      Object.entries(vschemas).map(([keyspace, { tables }]) => [keyspace, sequencesOf(tables)]),
    ),
  };
}

const sequencesOf = (tables: VSchema["tables"]): ReadonlySet<string> =>
  new Set(Object.entries(tables).flatMap(([name, { type }]) => (type === "sequence" ? [name] : [])));

/** Names without a keyspace are left out: whose they are only vtgate's planner says. */
const namedIn = ({
  keyspaces,
  routingRules,
  shardRoutingRules,
  keyspaceRoutingRules,
}: SrvVSchema): readonly string[] => {
  const tables = [
    ...(routingRules?.rules ?? []).flatMap(({ toTables }) => toTables),
    ...Object.values(keyspaces).flatMap(({ vindexes, tables: own }) => [
      ...Object.values(vindexes).flatMap(({ params }) => params.table ?? []),
      ...Object.values(own).flatMap(({ autoIncrement }) => autoIncrement?.sequence ?? []),
    ]),
  ];
  return [
    ...tables.filter((name) => name.includes(".")).map((name) => name.slice(0, name.indexOf("."))),
    ...(shardRoutingRules?.rules ?? []).map(({ toKeyspace }) => toKeyspace),
    ...(keyspaceRoutingRules?.rules ?? []).map(({ toKeyspace }) => toKeyspace),
    ...sharing(keyspaces),
  ];
};

/** Keyspaces of which another one has a table of the same name. One that requires explicit routing shares no name. */
const sharing = (keyspaces: Readonly<Record<string, VSchema>>): readonly string[] => {
  const owners = new Map<string, string[]>();
  for (const [keyspace, { tables, requireExplicitRouting }] of Object.entries(keyspaces))
    for (const table of requireExplicitRouting ? [] : Object.keys(tables))
      owners.set(table, [...(owners.get(table) ?? []), keyspace]);
  return [...owners.values()].flatMap((some) => (some.length > 1 ? some : []));
};

export const keyspaceOf = (shard: string): string => shard.slice(0, shard.indexOf("/"));

/** Whether some queries of the keyspace go to other shards than those that serve. */
const isDivided = ({ partitions }: SrvKeyspace, serving: readonly string[]): boolean => {
  const wanted = serving.toSorted().join();
  return partitions.some(
    ({ shardReferences }) =>
      shardReferences
        .map(({ name }) => name)
        .toSorted()
        .join() !== wanted,
  );
};
