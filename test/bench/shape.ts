import type { TabletAddress } from "../../src/tablets/access.js";

/** What the benchmarks' cluster looks like: healthy, three tablets a shard, each in a cell of its own, a host of its own for each. */
export interface Shape {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly tablets: number;
}

export interface BenchTablet {
  readonly index: number;
  readonly cell: string;
  readonly uid: number;
  readonly keyspace: string;
  readonly shard: string;
  readonly primary: boolean;
  readonly at: TabletAddress;
  /** The primary of its shard. */
  readonly primaryAt: TabletAddress;
  /** Where its shard's Materialize stream reads; null: it has none. */
  readonly source: { readonly keyspace: string; readonly shard: string } | null;
  /** A stream writes to its shard or reads from it, so that its tables matter. */
  readonly interesting: boolean;
}

const TABLETS_PER_SHARD = 3;
const SHARDS_PER_KEYSPACE = 100;
/** Of ten keyspaces the second reads from the first: one shard of five is part of a workflow. */
const KEYSPACES_PER_WORKFLOW = 10;

export const ROOT = "/vitess/global";
export const WORKFLOW = "mat";
export const CELLS = ["zone1", "zone2", "zone3"] as const;
export const TERM_START = 1_795_000_000;

export const shardCount = ({ tablets }: Shape): number => Math.ceil(tablets / TABLETS_PER_SHARD);

const keyspaceName = (index: number): string => `commerce_${index}`;

export const cellRoot = (cell: string): string => `/vitess/${cell}`;

export const keyspacesOf = (shape: Shape): readonly string[] =>
  Array.from({ length: Math.ceil(shardCount(shape) / SHARDS_PER_KEYSPACE) }, (_, index) =>
    keyspaceName(index),
  );

/** The shards of one keyspace cover all keys, also where the last keyspace has fewer. */
export function shardsOf(shape: Shape, keyspace: number): readonly string[] {
  const count = Math.min(SHARDS_PER_KEYSPACE, shardCount(shape) - keyspace * SHARDS_PER_KEYSPACE);
  const bound = (place: number): string =>
    place === 0 || place === count
      ? ""
      : Math.floor((place * 0x1_0000) / count)
          .toString(16)
          .padStart(4, "0");
  return count === 1
    ? ["-"]
    : Array.from({ length: count }, (_, place) => `${bound(place)}-${bound(place + 1)}`);
}

export function* tabletsOf(shape: Shape): Generator<BenchTablet> {
  for (const keyspace of keyspacesOf(shape).keys()) {
    const shards = shardsOf(shape, keyspace);
    for (const [place, shard] of shards.entries()) {
      const first = (keyspace * SHARDS_PER_KEYSPACE + place) * TABLETS_PER_SHARD;
      const role = keyspace % KEYSPACES_PER_WORKFLOW;
      const sources = role === 1 ? shardsOf(shape, keyspace - 1) : [];
      const from = sources[Math.min(place, sources.length - 1)];
      const readFrom = role === 0 && (keyspace + 1) * SHARDS_PER_KEYSPACE + place < shardCount(shape);
      for (const [member, cell] of CELLS.entries()) {
        const index = first + member;
        if (index >= shape.tablets) return;
        yield {
          index,
          cell,
          uid: 1_000 + index,
          keyspace: keyspaceName(keyspace),
          shard,
          primary: member === 0,
          at: addressOf(shape, index),
          primaryAt: addressOf(shape, first),
          source: from === undefined ? null : { keyspace: keyspaceName(keyspace - 1), shard: from },
          interesting: from !== undefined || readFrom,
        };
      }
    }
  }
}

/** All of 127.0.0.0/8 is this machine on Linux, so that one listener speaks for thousands of hosts. */
const hostOf = (index: number): string => `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

export function indexOfHost(host: string): number {
  const [, high = 0, middle = 0, low = 0] = host
    .replace(/^::ffff:/, "")
    .split(".")
    .map(Number);
  return ((high - 1) << 16) | (middle << 8) | low;
}

const addressOf = ({ grpcPort, httpPort }: Shape, index: number): TabletAddress => ({
  host: hostOf(index),
  grpcPort,
  httpPort,
  mysqlHost: hostOf(index),
  mysqlPort: 3306,
});
