import type { Clock, Ids } from "../cluster/clock.js";

/** The real time: the only module that reads it (design D22). */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not node:timers/promises: a scan begins and ends ten thousands of these, and it makes an AbortError for each that ends early.
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve(false);
      const end = (slept: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", interrupted);
        resolve(slept);
      };
      const interrupted = (): void => end(false);
      const timer = setTimeout(() => end(true), ms);
      signal?.addEventListener("abort", interrupted);
    }),
};

/** Sortable by the second of creation, unlikely to meet another: `20261124t233000-9f3ac1`. */
export const randomIds: Ids = () => {
  const second = new Date(systemClock.now()).toISOString().slice(0, 19).replace(/[-:]/g, "").toLowerCase();
  // The global loads node:crypto when it is first used, which most commands never do.
  return `${second}${Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex")}`;
};
