/**
 * `npm run soak -- --lab` plays what is exhaustive: each instant, each version in each phase, the waits that an operator gets by default.
 * CI plays the short forms, so that all scenes end within its time.
 */
export const LONG = process.env.VTDOCTOR_LAB_LONG !== undefined;

/** For `--settle` where a scene looks twice: any two looks confirm a finding; 30 s apart they prove it (docs/decisions.md#d11). */
export const SETTLE = LONG ? "30s" : "5s";

/** For `--watch-return`, whose default is two minutes. */
export const WATCH: readonly string[] = LONG ? [] : ["--watch-return", "20s"];
