import type { StreamSet, TabletRef } from "../plan.js";

export const tabletName = (tablet: TabletRef): string =>
  `${tablet.alias} (${tablet.keyspace}/${tablet.shard} ${tablet.type})`;

export const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

/** `streams 1, 2 of c2` */
export const streamNames = (workflow: string, ids: readonly number[]): string =>
  `stream${ids.length === 1 ? "" : "s"} ${ids.join(", ")} of ${workflow}`;

export const streamSets = (sets: readonly StreamSet[]): string =>
  sets.map((set) => `${streamNames(set.workflow, set.ids)} on ${set.tablet.alias}`).join("; ");

export const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
