import type { TabletRef } from "../plan/refs.js";
import { differsFrom } from "./identity.js";
import type { Site } from "./site.js";
import type { Refused, Silent } from "./verdict.js";

/** Right before each call that changes a tablet: it is the one that was meant, and the stage's locks are still ours. Null: go. */
export const notCleared = async (tablet: TabletRef, site: Site): Promise<Refused | Silent | null> =>
  (await site.fence.broken(null)) ?? (await differsFrom(tablet, site.world.reader));
