/**
 * `npm run soak -- --lab` plays what is exhaustive: each instant, each version in each phase, the waits that an operator gets by default.
 * CI plays the short forms, so that all scenes end within its time.
 */
export const LONG = process.env.VTDOCTOR_LAB_LONG !== undefined;

/** For `--watch-return`, whose default is two minutes. */
export const WATCH: readonly string[] = LONG ? [] : ["--watch-return", "20s"];
