import { expect, it } from "vitest";
import { isClosed } from "../../src/apply/tablet/tablet-address.js";
import { unanswered } from "../../src/cluster/outcome.js";
import type { TabletRef } from "../../src/plan/fields.js";
import type { TabletReader } from "../../src/tablets/access.js";

const REFUSED = "connect ECONNREFUSED 10.0.0.1:16100";

it.each([
  [unanswered("unreachable", REFUSED), true],
  [unanswered("unreachable", `Error: ${REFUSED}; Error: connect ECONNREFUSED ::1:16100`), true],
  [unanswered("unreachable", `Error: ${REFUSED}; Error: connect EHOSTUNREACH ::1:16100`), false],
  [unanswered("unreachable", "read ECONNRESET"), false],
  [unanswered("timeout", "no answer within 10000 ms"), false],
])("a port is closed only where every address of its host refuses: %j", async (outcome, closed) => {
  const reader = { identity: async () => outcome } as unknown as TabletReader;
  expect(await isClosed({} as TabletRef, reader)).toBe(closed);
});
