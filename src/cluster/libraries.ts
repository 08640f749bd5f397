import { createRequire } from "node:module";

/**
 * Libraries that a scan needs only where somebody wrote a rule or an inventory: loaded by the first call that does, as they have 130 modules.
 * `require`, because the callers are not asynchronous.
 */
const require = createRequire(import.meta.url);

export const ajv = (): typeof import("ajv") => require("ajv");

export const yaml = (): typeof import("yaml") => require("yaml");
