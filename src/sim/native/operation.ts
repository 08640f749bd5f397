import { UsageError } from "../../cluster/errors.js";
import { answered, type Outcome, unanswered } from "../../cluster/outcome.js";
import type { Tablet } from "../../proto/gen/topodata_pb.js";
import type { SimClock } from "../clock.js";
import type { VitessVersion } from "../stream-row.js";
import type { SimTablet } from "../tablet.js";
import type { SimTopology } from "../topology.js";

/** The cluster that an operation works on. */
export interface Vitess {
  readonly version: VitessVersion;
  readonly clock: SimClock;
  readonly topology: SimTopology;
  readonly tablets: readonly SimTablet[];
  /** The running primary of a shard, in its own words. */
  primary(keyspace: string, shard: string): SimTablet;
  /** The process that a Tablet record leads to. */
  tabletAt(record: Tablet): SimTablet | null;
}

/**
 * What a native command does to the cluster, one effect after the other: every `yield` stands right after an effect and names it. Who
 * drives it can stop after any of them, as when vtctld is killed, or do something of his own in between.
 */
export type Native<T = void> = Generator<string, Outcome<T>, void>;

export const done: Outcome<void> = answered(undefined);

/** Vitess's own words when it refuses. */
export const refuse = (message: string): Outcome<never> => unanswered("failed", message);

export interface Interrupted {
  /** In order. */
  readonly effects: readonly string[];
  /** Null where it was stopped before its end. */
  readonly outcome: Outcome<unknown> | null;
}

/** Lets `limit` effects happen and then kills who does them. */
export const interrupt = (operation: Native<unknown>, limit: number): Interrupted => {
  const effects: string[] = [];
  while (effects.length < limit) {
    const step = operation.next();
    if (step.done === true) return { effects, outcome: step.value };
    effects.push(step.value);
  }
  return { effects, outcome: null };
};

/** To the end; a refusal is an error of who set the scene. */
export const finish = <T>(operation: Native<T>): T => {
  for (;;) {
    const step = operation.next();
    if (step.done !== true) continue;
    if (step.value.kind === "answered") return step.value.value;
    throw new UsageError(`the simulated Vitess refused: ${step.value.message}`);
  }
};
