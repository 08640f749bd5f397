import { type Facts, metaValue } from "../snapshot/facts.js";
import { rootPrefix } from "../topology/paths.js";
import type { CollectSettings } from "./settings.js";

/**
 * The highest revision that the earlier snapshots of this topology saw of each server: an etcd never goes back by itself
 * (docs/decisions.md#d8). The cluster id does not matter: an etcd that was put back from a backup may have the old one or a new one.
 */
export function earlierRevisions({
  earlier,
  globalRoot,
}: Pick<CollectSettings, "earlier" | "globalRoot">): Readonly<Record<string, number>> {
  const highest = new Map<string, number>();
  for (const { server, revision } of earlier.filter(isOf(globalRoot)).flatMap((facts) => facts.topo_server)) {
    if (revision !== null) highest.set(server, Math.max(revision, highest.get(server) ?? 0));
  }
  return Object.fromEntries([...highest].sort(([one], [other]) => (one < other ? -1 : 1)));
}

const isOf =
  (globalRoot: string) =>
  (facts: Facts): boolean =>
    rootPrefix(metaValue(facts, "global_root") ?? "") === rootPrefix(globalRoot);
