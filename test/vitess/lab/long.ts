import type { Version } from "./lab.js";

/**
 * `npm run soak -- --lab` plays what is exhaustive: each instant, each version in each phase, the waits that an operator gets by default.
 * CI plays the short forms, so that all scenes end within its time.
 */
export const LONG = process.env.VTDOCTOR_LAB_LONG !== undefined;

/** For `--watch-return`, whose default is two minutes. */
export const WATCH: readonly string[] = LONG ? [] : ["--watch-return", "20s"];

const ALL_VERSIONS = ["24", "23-24", "23", "22", "21", "19"] as const;

/** The versions of a scene: those that CI plays, or all for which it is the same. */
export const versions = (inCi: readonly Version[], since: Version = "19"): readonly Version[] =>
  LONG ? ALL_VERSIONS.slice(0, ALL_VERSIONS.indexOf(since) + 1) : inCi;
