import { type Alias, formatAlias } from "../cluster/alias.js";
import type { Outcome } from "../cluster/outcome.js";
import type { Keyspace, Shard, ShardReplication, SrvKeyspace, Tablet } from "../proto/gen/topodata_pb.js";
import type { RoutingRules, SrvVSchema, Keyspace as VSchema } from "../proto/gen/vschema_pb.js";
import * as paths from "../topology/paths.js";
import * as records from "../topology/records.js";
import type { SimEtcd } from "./etcd.js";

/** An etcd cluster and the root under which Vitess keeps one cell, or the global records, in it. */
export interface Root {
  readonly etcd: SimEtcd;
  readonly root: string;
}

/** A record kept under one key. Every `put` and `delete` is one revision. */
export class RecordAt<T> {
  constructor(
    private readonly etcd: SimEtcd,
    readonly key: string,
    private readonly decode: (bytes: Uint8Array) => Outcome<T>,
    private readonly encode: (record: T) => Uint8Array,
  ) {}

  /** Null where it is missing or is no such record. */
  get(): T | null {
    const entry = this.etcd.get(this.key);
    if (entry === null) return null;
    const record = this.decode(entry.value);
    return record.kind === "answered" ? record.value : null;
  }

  put(record: T): void {
    this.etcd.put(this.key, this.encode(record));
  }

  delete(): boolean {
    return this.etcd.delete(this.key);
  }
}

/** The records as simulated vtctlds and vttablets read and write them. */
export class SimTopology {
  constructor(
    readonly global: Root,
    private readonly cellRoots: ReadonlyMap<string, Root>,
  ) {}

  get cells(): readonly string[] {
    return [...this.cellRoots.keys()];
  }

  cell(name: string): Root {
    const root = this.cellRoots.get(name);
    if (root === undefined) throw new Error(`the simulated cluster has no cell ${name}`);
    return root;
  }

  keyspace(keyspace: string): RecordAt<Keyspace> {
    const { etcd, root } = this.global;
    return new RecordAt(
      etcd,
      paths.keyspaceKey(root, keyspace),
      records.decodeKeyspace,
      records.encodeKeyspace,
    );
  }

  vschema(keyspace: string): RecordAt<VSchema> {
    const { etcd, root } = this.global;
    return new RecordAt(etcd, paths.vschemaKey(root, keyspace), records.decodeVSchema, records.encodeVSchema);
  }

  shard(keyspace: string, shard: string): RecordAt<Shard> {
    const { etcd, root } = this.global;
    return new RecordAt(
      etcd,
      paths.shardKey(root, keyspace, shard),
      records.decodeShard,
      records.encodeShard,
    );
  }

  routingRules(): RecordAt<RoutingRules> {
    const { etcd, root } = this.global;
    return new RecordAt(
      etcd,
      paths.routingRulesKey(root),
      records.decodeRoutingRules,
      records.encodeRoutingRules,
    );
  }

  tablet(alias: Alias): RecordAt<Tablet> {
    const { etcd, root } = this.cell(alias.cell);
    return new RecordAt(etcd, paths.tabletKey(root, alias), records.decodeTablet, records.encodeTablet);
  }

  shardReplication(cell: string, keyspace: string, shard: string): RecordAt<ShardReplication> {
    const { etcd, root } = this.cell(cell);
    const key = paths.shardReplicationKey(root, keyspace, shard);
    return new RecordAt(etcd, key, records.decodeShardReplication, records.encodeShardReplication);
  }

  srvKeyspace(cell: string, keyspace: string): RecordAt<SrvKeyspace> {
    const { etcd, root } = this.cell(cell);
    const key = paths.srvKeyspaceKey(root, keyspace);
    return new RecordAt(etcd, key, records.decodeSrvKeyspace, records.encodeSrvKeyspace);
  }

  srvVSchema(cell: string): RecordAt<SrvVSchema> {
    const { etcd, root } = this.cell(cell);
    return new RecordAt(etcd, paths.srvVSchemaKey(root), records.decodeSrvVSchema, records.encodeSrvVSchema);
  }

  /** Names of the keyspaces that have a Keyspace record. */
  keyspaces(): readonly string[] {
    const prefix = `${paths.joinKey(this.global.root, "keyspaces")}/`;
    return this.global.etcd
      .range(prefix)
      .filter(({ key }) => key.endsWith("/Keyspace"))
      .map(({ key }) => key.slice(prefix.length).split("/")[0] ?? "");
  }

  /** Names of the shards that have a Shard record. */
  shards(keyspace: string): readonly string[] {
    const prefix = `${paths.joinKey(this.global.root, "keyspaces", keyspace, "shards")}/`;
    return this.global.etcd
      .range(prefix)
      .filter(({ key }) => key.endsWith("/Shard"))
      .map(({ key }) => key.slice(prefix.length).split("/")[0] ?? "");
  }

  /** Aliases that the cells list for a shard. */
  replicas(keyspace: string, shard: string): readonly Alias[] {
    return this.cells.flatMap((cell) =>
      (this.shardReplication(cell, keyspace, shard).get()?.nodes ?? []).flatMap(({ tabletAlias }) =>
        tabletAlias === undefined ? [] : [{ cell: tabletAlias.cell, uid: tabletAlias.uid }],
      ),
    );
  }

  /** True where some key lies in the directory: only then can Vitess lock it. */
  exists(directory: string): boolean {
    return this.global.etcd.any(`${directory}/`);
  }
}

export const sameAlias = (
  a: { readonly cell: string; readonly uid: number } | undefined,
  b: { readonly cell: string; readonly uid: number },
): boolean => a !== undefined && formatAlias(a) === formatAlias(b);
