import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Ids } from "../cluster/clock.js";

/** The real time: the only module that reads it (docs/decisions.md#d22). */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  sleep: (ms, signal) =>
    sleep(ms, true, { ...(signal !== undefined && { signal }) }).catch((error: Error) => {
      if (error.name !== "AbortError") throw error;
      return false;
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Sortable by the second of creation, unlikely to meet another: `20261124t233000-9f3ac1`. */
export const randomIds: Ids = () => {
  const second = new Date(systemClock.now()).toISOString().slice(0, 19).replace(/[-:]/g, "").toLowerCase();
  // The global loads node:crypto when it is first used, which most commands never do.
  return `${second}${Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex")}`;
};
