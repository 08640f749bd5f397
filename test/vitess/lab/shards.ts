import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds that each file takes, by its path in the repository. */
export type Seconds = Readonly<Record<string, number>>;

/** As measured, with `npm run lab:seconds`. */
export const SECONDS: Seconds = JSON.parse(readFileSync(new URL("seconds.json", import.meta.url), "utf8"));

export interface Shard {
  readonly files: readonly string[];
  readonly seconds: number;
}

/** Files in `count` shards of about one length: the longest first, each to the shard that is the shortest so far. */
export function byTime(files: readonly string[], count: number, known: Seconds = SECONDS): readonly Shard[] {
  const measured = Object.values(known).toSorted((one, other) => one - other);
  /** Of a file that was not measured yet. */
  const middle = measured[Math.floor(measured.length / 2)] ?? 1;
  const took = (file: string): number => known[file] ?? middle;
  const order = files.toSorted((one, other) => took(other) - took(one) || (one < other ? -1 : 1));
  return order.reduce<readonly Shard[]>(
    (shards, file) => {
      const least = Math.min(...shards.map(({ seconds }) => seconds));
      const at = shards.findIndex(({ seconds }) => seconds === least);
      return shards.map((shard, index) =>
        index === at ? { files: [...shard.files, file], seconds: shard.seconds + took(file) } : shard,
      );
    },
    Array.from({ length: count }, () => ({ files: [], seconds: 0 })),
  );
}

/** `vitest --shard`, which splits by the hash of a file's name, splits by time. */
export class ShardsByTime extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, shard } = this.ctx.config;
    if (shard === undefined) return files;
    const path = (file: TestSpecification): string => relative(root, file.moduleId);
    const mine = byTime(files.map(path), shard.count)[shard.index - 1]?.files ?? [];
    return files.filter((file) => mine.includes(path(file)));
  }
}
