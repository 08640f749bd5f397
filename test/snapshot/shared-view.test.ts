import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { judge } from "../../src/rules/judge.js";
import type { Queryable } from "../../src/rules/rule.js";
import { discard, selectAll, selectRows } from "../../src/snapshot/database.js";
import { sharedViews } from "../../src/snapshot/shared-view.js";
import { filledDatabase, Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "./facts-of-recording.js";

const rules = loadRules([SHIPPED_RULES]);
const names = readdirSync(new URL("../../fixtures/recordings", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("a view that many rules ask", () => {
  it.each(names)("says the same of %s when it is worked out once", (name) => {
    const facts = factsOfRecording(name);
    const small = Snapshot.of(facts);
    const db = filledDatabase(facts);
    try {
      const sharing = sharedViews(db, facts, 0);
      const large: Queryable = {
        all: (sql, ...values) => {
          sharing?.(sql);
          return selectAll(db, sql, values);
        },
        rows: (table, where) => selectRows(db, table, where),
      };
      const options = { now: 0, earlier: null, suppressions: [] };
      expect(judge(large, rules, options)).toEqual(judge(small, rules, options));
      expect(selectAll(db, "SELECT name FROM sqlite_temp_schema ORDER BY name")).toEqual([
        { name: "recorded_primary" },
        { name: "replica" },
        { name: "shard_primary" },
        { name: "stream_row" },
      ]);
    } finally {
      discard(db);
      small.close();
    }
  });

  it("is left as it is in a small snapshot", () => {
    const facts = factsOfRecording(names[0] ?? "");
    const db = filledDatabase(facts);
    expect(sharedViews(db, facts)).toBeNull();
    discard(db);
  });
});
