import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recordings } from "../rules/examples.js";

const RECORDINGS = fileURLToPath(new URL("../../fixtures/recordings", import.meta.url));

export type { Recordings };
export { existsSync, join, RECORDINGS };
