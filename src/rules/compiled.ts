import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { RuleFile } from "./rule-file.js";

/** What reading a rule's text costs most for: the YAML, its validation, and the names of its query's columns. */
export interface CompiledRule {
  readonly value: RuleFile;
  readonly columns: readonly string[];
}

/** By `keyOf` the text, so that a rule which was changed since is read anew. */
export type CompiledRules = ReadonlyMap<string, CompiledRule>;

export const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Of this code when it is compiled, and of the last build when tests run it from its source. */
const FILE = new URL("../../dist/rules/compiled.json", import.meta.url);

/** What `npm run build` made of the shipped rules; empty where nothing was built. */
export const shippedCompiled = (): CompiledRules =>
  new Map(existsSync(FILE) ? Object.entries(JSON.parse(readFileSync(FILE, "utf8"))) : []);
