import { percentile } from "./put-latency.js";

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

export const ratio = (value: number): string => value.toFixed(2);
