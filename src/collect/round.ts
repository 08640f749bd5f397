import type { SameTopology } from "./same-topology.js";
import type { CollectSources } from "./settings.js";
import type { Who } from "./sighting.js";

/** What every interview of one scan shares. */
export interface Round {
  readonly sources: CollectSources;
  readonly topology: SameTopology;
  readonly sidecars: ReadonlyMap<string, string>;
  readonly mysql: boolean;
  wanted(who: Who): boolean;
}
