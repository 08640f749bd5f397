import type { Plan } from "../plan/plan.js";
import type { Fence } from "./fence.js";
import type { World } from "./world.js";

/** Where a step runs: the world, the plan that it is part of, the locks of its stage and the folder of its run. */
export interface Site {
  readonly world: World;
  readonly plan: Plan;
  readonly run: string;
  readonly fence: Fence;
  readonly evidence: Evidence;
  /** Aborted by Ctrl-C. Only a step that waits and writes nothing may heed it. */
  readonly signal: AbortSignal;
}

/** What a step may leave in the run's folder for people. */
interface Evidence {
  /** Adds a section to a file for people, once. Returns the file's path. */
  addSection(file: string, title: string, text: string): string;
  /** What was added under the title. */
  section(file: string, title: string): { readonly path: string; readonly text: string };
}
