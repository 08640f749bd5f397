import type { Snapshot } from "../snapshot/snapshot.js";

/** What stands in the way of a repair, without its place, and what the operator can do about it. */
export interface Obstacle {
  readonly reason: string;
  readonly instead: string;
}

export const isObstacle = <T extends object>(value: T | Obstacle): value is Obstacle =>
  "reason" in value && "instead" in value;

/** One thing that can stand in the way of repairs, looked up for `scope`; empty: it does not. */
export type Guard<Scope> = (snapshot: Snapshot, scope: Scope) => readonly Obstacle[];

/** All that stands in the way, in the order of the guards. */
export const obstaclesTo = <Scope>(
  guards: readonly Guard<Scope>[],
  snapshot: Snapshot,
  scope: Scope,
): readonly Obstacle[] => guards.flatMap((guard) => guard(snapshot, scope));
