import type { Snapshot } from "../../snapshot/snapshot.js";
import { classifyKey, keyspaceKey, shardKey, type TopoKey } from "../../topology/paths.js";
import type { RecordName } from "../records/record-registry.js";
import { base64, cells, globalRoot } from "./topology.js";

/** What a cell has of a keyspace or a shard that has no record. */
export interface CellLeftovers {
  readonly name: string;
  readonly cell: string;
  /** The record that is missing. */
  readonly owner: { readonly server: string; readonly key: string };
  readonly records: readonly {
    readonly record: RecordName;
    readonly server: string;
    readonly key: string;
    readonly modRevision: number;
    readonly before: string;
  }[];
  /** Tablets of it that are recorded, or that run. */
  readonly tablets: readonly string[];
}

interface Place {
  readonly cell: string;
  readonly keyspace: string;
  /** '': all of the keyspace. */
  readonly shard: string;
}

/** Null: there is nothing left. */
export const cellLeftovers = (snapshot: Snapshot, place: Place): CellLeftovers | null => {
  const { cell, keyspace, shard } = place;
  const [found] = snapshot.rows("unrecorded_directory", { root: cell, keyspace, shard });
  const root = cells(snapshot).find((one) => one.cell === cell)?.root;
  if (found === undefined || root === undefined) return null;
  const global = globalRoot(snapshot);
  const keys = snapshot.all<{ server: string; key: string; value: Uint8Array; modRevision: number }>(
    "SELECT server, key, value, mod_revision AS modRevision FROM topo_key WHERE server = ? AND key >= ? || '/' AND key < ? || '0' ORDER BY key",
    found.server,
    found.directory,
    found.directory,
  );
  const isAll = shard === "";
  return {
    name: isAll ? keyspace : `${keyspace}/${shard}`,
    cell,
    owner: {
      server: global.server,
      key: isAll ? keyspaceKey(global.root, keyspace) : shardKey(global.root, keyspace, shard),
    },
    records: keys.flatMap(({ value, ...at }) => {
      const record = recordOf(cell, classifyKey(root, at.key));
      return record === null ? [] : [{ ...at, record, before: base64(value) }];
    }),
    tablets: tabletsOf(snapshot, place),
  };
};

const recordOf = (cell: string, key: TopoKey): RecordName | null => {
  switch (key.kind) {
    case "srv-keyspace":
      return { kind: "srv-keyspace", cell, keyspace: key.keyspace };
    case "shard-replication":
      return { kind: "shard-replication", keyspace: key.keyspace, shard: key.shard };
    default:
      return null;
  }
};

const tabletsOf = (snapshot: Snapshot, { keyspace, shard }: Place): readonly string[] =>
  snapshot
    .all<{ alias: string }>(
      `SELECT alias FROM tablet WHERE keyspace = ? AND ? IN ('', shard)
       UNION SELECT alias FROM process WHERE same_cluster = 1 AND keyspace = ? AND ? IN ('', shard) ORDER BY alias`,
      keyspace,
      shard,
      keyspace,
      shard,
    )
    .map(({ alias }) => alias);
