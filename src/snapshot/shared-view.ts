import type { Database } from "./database.js";
import type { Facts } from "./facts.js";

/** Views over every tablet or stream that many rules ask, each rule for all of it: a view is worked out anew by each query. */
const SHARED = ["recorded_primary", "replica", "shard_primary", "stream_row"] as const;

/** Below that, a rule asks a view in less time than making a table takes. */
const LARGE = 5_000;

/**
 * Of a large snapshot: each shared view becomes a temporary table of its name when the first query names it. SQLite looks for a name among
 * those first (lang_naming.html), and VACUUM INTO does not save them. Null for a small one.
 */
export const sharedViews = (
  db: Database,
  { live_tablet }: Pick<Facts, "live_tablet">,
  large = LARGE,
): ((sql: string) => void) | null => {
  if (live_tablet.length < large) return null;
  // What is left of them, and SQLite's sorting, is in memory like the database: a scratch file may have no room, or no place.
  db.exec("PRAGMA temp_store = MEMORY");
  const left = new Set<string>(SHARED);
  return (sql) => {
    for (const view of left) {
      if (!new RegExp(`\\b${view}\\b`).test(sql)) continue;
      left.delete(view);
      db.exec(`CREATE TEMP TABLE ${view} AS SELECT * FROM main.${view}`);
    }
  };
};
