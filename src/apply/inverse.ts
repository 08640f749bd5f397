import type { Inverse } from "../plan/inverse.js";

export type { Inverse } from "../plan/inverse.js";

export const noInverse = (because: string): Inverse => ({ kind: "none", because });
