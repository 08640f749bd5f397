import { systemClock } from "../../src/cli/clock.js";
import type { TabletOptions } from "../../src/tablets/options.js";

export const OPTIONS: TabletOptions = {
  timeoutMs: 5000,
  concurrency: 16,
  concurrencyPerHost: 16,
  tls: null,
  staticAuth: null,
  mysql: null,
};

/** Sockets run in real time, and so must the deadlines of those who wait for them. */
export const realClock = systemClock;
