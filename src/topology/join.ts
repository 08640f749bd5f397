import { posix } from "node:path";

/** As Go's path.Join: doubled and trailing slashes vanish, a missing leading slash stays missing. */
export function joinKey(root: string, ...parts: readonly string[]): string {
  const joined = posix.join(root, ...parts);
  return joined.length > 1 && joined.endsWith("/") ? joined.slice(0, -1) : joined;
}

/** What every key under the root starts with. */
export const rootPrefix = (root: string): string => {
  const joined = joinKey(root);
  return joined === "." ? "" : joined === "/" ? "/" : `${joined}/`;
};
