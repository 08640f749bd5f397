import { contains, EVERYTHING, type KeyRange, keyRangeOfShard } from "../cluster/key-range.js";
import type { StreamSource } from "../cluster/stream-source.js";

/**
 * The keyspace id of a row, hex: FNV-1a of its primary key. Not Vitess's `hash` vindex, but as even and as fixed; every table of the
 * simulator is sharded by its primary key.
 */
export const keyspaceIdOf = (key: string): string => {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(key)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
};

/** Which rows of which tables a stream carries: the first rule that matches the table says so (docs/vitess.md#stream-source). */
export const carries = (source: StreamSource, table: string): KeyRange | null => {
  const rule = source.rules.find(({ match }) =>
    match.startsWith("/") ? new RegExp(match.slice(1)).test(table) : match === table,
  );
  if (rule === undefined || rule.filter === "exclude") return null;
  if (!/^select /i.test(rule.filter)) return keyRangeOfShard(rule.filter) ?? EVERYTHING;
  const [, range] = /in_keyrange\(.*'([0-9a-f]*-[0-9a-f]*)'\s*\)/.exec(rule.filter) ?? [];
  return keyRangeOfShard(range ?? "-") ?? EVERYTHING;
};

export const carriesRow = (source: StreamSource, table: string, key: string): boolean => {
  const range = carries(source, table);
  return range !== null && contains(range, keyspaceIdOf(key));
};
