import type { Plan } from "../plan/plan.js";
import type { Fence } from "./locks/fence.js";
import type { Ports } from "./ports.js";
import type { RunFolder } from "./runs/run-folder.js";

/** What a step runs in: the ports, the plan that it is part of, the locks of its stage and the folder of its run. */
export interface RunContext {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly run: string;
  readonly fence: Fence;
  /** A step may leave texts there, for people, and read what the run has begun. */
  readonly folder: Pick<RunFolder, "addSection" | "section" | "records">;
  /** Aborted by Ctrl-C. Only a step that waits and writes nothing may heed it. */
  readonly signal: AbortSignal;
}
