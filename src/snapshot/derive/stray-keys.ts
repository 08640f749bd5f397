import {
  classifyKey,
  joinKey,
  keyspaceKey,
  rootPrefix,
  shardKey,
  type TopoKey,
} from "../../topology/paths.js";
import type { Facts } from "../facts.js";
import type { StrayKeyRow, TopoKeyRow, UnrecordedDirectoryRow } from "../gen/tables.js";
import { sortedJson } from "./global-records.js";
import { isAtHome, type KeyIndex, type Root, rootsByServer } from "./located-key.js";

type Told = Pick<StrayKeyRow, "how" | "looks_like" | "belongs" | "directory">;

export const deriveStrayKeys = (facts: Facts, { strays }: KeyIndex): readonly StrayKeyRow[] => {
  const rootsOf = rootsByServer(facts);
  const global = facts.topo_root.find(({ name }) => name === "global")?.root ?? null;
  return strays.flatMap((at) => {
    const root = innermost(rootsOf(at.server), at.key);
    if (root === undefined) return [];
    const path = at.key.slice(rootPrefix(root.root).length);
    const told = misplaced(root, at.key, global) ?? tooDeep(root, path) ?? other(root, path);
    const { server, key, lease, mod_revision } = at;
    return [{ server, key, root: root.name, path, ...told, lease, revision: mod_revision }];
  });
};

/** A cell's root may lie inside the global one: then the key is the cell's. */
const innermost = (roots: readonly Root[], key: string): Root | undefined =>
  roots
    .filter(({ root }) => key.startsWith(rootPrefix(root)))
    .toSorted((one, another) => rootPrefix(another.root).length - rootPrefix(one.root).length)[0];

/** What `metadata` and locks are called is anybody's choice: their path tells nothing. */
const isTelling = ({ kind }: TopoKey): boolean => !/^(unknown|metadata|lock|election)$/.test(kind);

const misplaced = ({ name, root }: Root, key: string, global: string | null): Told | null => {
  const is = classifyKey(root, key);
  if (!isTelling(is)) return null;
  const path = key.slice(rootPrefix(root).length);
  return {
    how: "wrong-root",
    looks_like: is.kind,
    belongs: name === "global" || global === null ? null : joinKey(global, path),
    directory: parentOf(key),
  };
};

/** Without some directories it would be a record: without as few as possible, and of these without those that come last. */
const tooDeep = ({ name, root }: Root, path: string): Told | null => {
  const parts = path.split("/");
  for (let taken = 1; taken < parts.length; taken++) {
    for (let from = parts.length - 1 - taken; from >= 0; from--) {
      const right = joinKey(root, ...parts.toSpliced(from, taken));
      const is = classifyKey(root, right);
      if (isTelling(is) && isAtHome(is, name)) {
        const directory = joinKey(root, ...parts.slice(0, from + taken));
        return { how: "too-deep", looks_like: is.kind, belongs: right, directory };
      }
    }
  }
  return null;
};

const OF_VITESS =
  /^(cells|cells_aliases|keyspaces|tablets|routing_rules|internal|ExternalClusters|workflows|elections)$/;

const other = ({ root }: Root, path: string): Told => {
  const [first = ""] = path.split("/");
  const directory = OF_VITESS.test(first) ? parentOf(joinKey(root, path)) : joinKey(root, first);
  return { how: "other", looks_like: "", belongs: null, directory };
};

const parentOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));

/** What `ListDir` shows of a keyspace or a shard that has no record (docs/vitess.md#directories). */
export const deriveUnrecordedDirectories = (facts: Facts): readonly UnrecordedDirectoryRow[] => {
  const rootsOf = rootsByServer(facts);
  const global = facts.topo_root.find(({ name }) => name === "global");
  if (global === undefined || !hasAnswered(facts, global.server)) return [];
  const recorded = new Set(
    facts.topo_key.filter(({ server }) => server === global.server).map(({ key }) => key),
  );
  const found = new Map<string, { readonly row: UnrecordedDirectoryRow; readonly kinds: Set<string> }>();
  const count = (root: Root, keyspace: string, shard: string, at: TopoKeyRow): void => {
    const record = shard === "" ? keyspaceKey(global.root, keyspace) : shardKey(global.root, keyspace, shard);
    if (recorded.has(record)) return;
    const name = JSON.stringify([root.name, keyspace, shard]);
    const directory = joinKey(root.root, "keyspaces", keyspace, ...(shard === "" ? [] : ["shards", shard]));
    const place = { root: root.name, keyspace, shard, server: at.server, directory };
    const { row, kinds } = found.get(name) ?? {
      row: { ...place, keys: 0, leased: 0, kinds_json: "[]", revision: 0 },
      kinds: new Set(),
    };
    const is = classifyKey(root.root, at.key);
    const isLeased = is.kind === "lock" && at.lease !== "0";
    if (!isLeased) kinds.add(is.kind);
    found.set(name, {
      row: {
        ...row,
        keys: row.keys + Number(!isLeased),
        leased: row.leased + Number(isLeased),
        kinds_json: sortedJson(kinds),
        revision: Math.max(row.revision, at.mod_revision),
      },
      kinds,
    });
  };
  for (const at of facts.topo_key)
    for (const root of rootsOf(at.server)) {
      const prefix = `${rootPrefix(root.root)}keyspaces/`;
      if (!at.key.startsWith(prefix)) continue;
      const [keyspace = "", shards, shard, ...rest] = at.key.slice(prefix.length).split("/");
      if (shards === undefined) continue;
      count(root, keyspace, "", at);
      if (shards === "shards" && shard !== undefined && rest.length > 0) count(root, keyspace, shard, at);
    }
  return [...found.values()].map(({ row }) => row);
};

const hasAnswered = (facts: Facts, at: string): boolean =>
  facts.topo_server.some(({ server, answered }) => server === at && answered === 1);
