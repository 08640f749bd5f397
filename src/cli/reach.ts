import type { ApplyEvent, World } from "../apply/world.js";
import type { CollectSources } from "../collect/collect.js";
import type { Connection } from "../config/settings.js";
import type { Context } from "./context.js";

interface Closing {
  /** Lets the process end. */
  close(): void;
}

/** How a cluster is reached: over the network, or a simulated one in this process. */
export interface Reach {
  sources(connection: Connection, context: Context, quiet: boolean): Promise<CollectSources & Closing>;
  world(connection: Connection, context: Context, log: (event: ApplyEvent) => void): Promise<World & Closing>;
}

/** Each side is loaded when it is asked for: `scan` never loads what can write. */
export const network: Reach = {
  sources: async (...how) => (await import("./sources.js")).readSources(...how),
  world: async (...how) => (await import("./world.js")).realWorld(...how),
};
