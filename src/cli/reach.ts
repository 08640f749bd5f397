import type { Reach } from "./context.js";

/** Each side is loaded when it is asked for: `scan` never loads what can write. */
export const network: Reach = {
  sources: async (...how) => (await import("./sources.js")).readSources(...how),
  world: async (...how) => (await import("./world.js")).realWorld(...how),
};
