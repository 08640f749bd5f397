import type { Clock, Ids } from "../cluster/clock.js";
import type { Outcome } from "../cluster/outcome.js";
import type { StepKind } from "../plan/steps/index.js";
import type { TabletReader, TabletWriter } from "../tablets/access.js";
import type { Vtctld } from "../tablets/vtctld.js";
import type { TopologyStore } from "../topology/store.js";
import type { LockHolder } from "./locks/held-lock.js";
import type { StepResult } from "./runs/run-result.js";
import type { Looked } from "./stage-look.js";

/** Everything outside that an execution touches; the simulator and a real cluster fill it alike. */
export interface Ports {
  /** The store of one etcd cluster, by the address list that the plan gives; the same value each time. */
  store(server: string): TopologyStore;
  readonly reader: TabletReader;
  readonly writer: TabletWriter;
  readonly hooks: Hooks;
  /** Null where no `--server` was given. */
  readonly vtctld: Vtctld | null;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Written into lock bodies, so that other operators see who holds them (docs/vitess.md#lock-order). */
  readonly hostName: string;
  readonly userName: string;
  /** Progress, for whoever prints it. */
  log(event: ApplyEvent): void;
}

/** What the operator lets vtdoctor run on this machine. */
export interface Hooks {
  /** One program with its arguments, never by a shell; a failure to start or an exit code other than 0 is `failed`, with its own words. */
  run(command: readonly string[]): Promise<Outcome<null>>;
}

export type ApplyEvent =
  | { readonly kind: "stage-started"; readonly title: string }
  | { readonly kind: "lock-awaited"; readonly lock: string; readonly holder: LockHolder }
  | { readonly kind: "lock-taken"; readonly lock: string }
  | { readonly kind: "step-started"; readonly id: string; readonly step: StepKind }
  | { readonly kind: "step-ended"; readonly result: StepResult }
  | { readonly kind: "looked"; readonly looked: Looked };
