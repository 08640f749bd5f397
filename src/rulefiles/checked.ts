import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { CheckedRule } from "../rules/rule.js";

/** By `keyOf` the text, so that a rule which was changed since is read anew: reading YAML and checking it cost most of a start. */
export type CheckedRules = ReadonlyMap<string, CheckedRule>;

export const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Of this code when it is compiled, and of the last build when tests run it from its source. */
const FILE = new URL("../../dist/rulefiles/checked.json", import.meta.url);

let known: CheckedRules | null = null;

/** The shipped rules as `npm run build` read and checked them, read once; empty where nothing was built. */
export const shippedChecked = (): CheckedRules => {
  known ??= new Map(existsSync(FILE) ? Object.entries(JSON.parse(readFileSync(FILE, "utf8"))) : []);
  return known;
};
