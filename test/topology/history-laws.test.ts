import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SimClock } from "../../src/sim/clock.js";
import { Effects } from "../../src/sim/effects.js";
import { SimEtcd } from "../../src/sim/etcd.js";
import { EtcdClient } from "../../src/sim/etcd-client.js";
import { Faults } from "../../src/sim/faults.js";
import { readHistory } from "../../src/topology/history.js";
import { chooseRevisions } from "../../src/topology/history-revisions.js";

describe("the sampled revisions", () => {
  const past = fc
    .record({ horizon: fc.integer({ min: 1, max: 1e6 }), span: fc.integer({ min: 0, max: 1e6 }) })
    .map(({ horizon, span }) => ({ horizon, now: horizon + span }));
  const count = fc.integer({ min: 1, max: 64 });

  test("ascend from the horizon to before now, and are not many", () => {
    fc.assert(
      fc.property(past, count, ({ horizon, now }, samples) => {
        const chosen = chooseRevisions(horizon, now, samples);
        expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        if (now > horizon) expect(chosen[0]).toBe(horizon);
        expect(chosen.every((revision) => revision >= horizon && revision < now)).toBe(true);
        expect(chosen.length).toBeLessThanOrEqual(Math.max(samples, Math.log2(now - horizon + 1) + 2));
      }),
    );
  });

  test("meet every life that was as long as it has been over", () => {
    fc.assert(
      fc.property(past, count, fc.nat(), fc.nat(), ({ horizon, now }, samples, born, lived) => {
        const created = 1 + (born % now);
        const deleted = created + 1 + (lived % Math.max(1, now - created));
        fc.pre(deleted <= now && deleted > horizon && deleted - created >= now - deleted);
        const met = chooseRevisions(horizon, now, samples).some((at) => at >= created && at < deleted);
        expect(met).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("history", () => {
  const step = fc.record({
    kind: fc.constantFrom("put", "delete", "delete with its lock"),
    key: fc.constantFrom("/a/1", "/a/2", "/a/20", "/b/1"),
    locked: fc.boolean(),
  });

  test("is exactly what happened since the horizon, where the span is short", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat({ max: 60 }), async (steps, compaction) => {
        const clock = new SimClock(0);
        const etcd = new SimEtcd("etcd", "1", clock, 1n);
        const reader = new EtcdClient("etcd", etcd, clock, new Faults(clock, 1_000), new Effects());
        const deaths: { key: string; deletedRevision: number; text: string; locked: boolean }[] = [];
        for (const [index, { kind, key, locked }] of steps.entries()) {
          if (locked) etcd.put("/locks/1", Uint8Array.of(1));
          else etcd.delete("/locks/1");
          const before = etcd.get(key);
          if (kind === "put") etcd.put(key, new TextEncoder().encode(String(index)));
          else if (before) {
            const gone = kind === "delete" ? [key] : [key, "/locks/1"];
            const { revision } = etcd.txn(
              [],
              gone.map((each) => ({ kind: "delete", key: each })),
            );
            const text = new TextDecoder().decode(before.value);
            deaths.push({ key, deletedRevision: revision, text, locked });
          }
          if (index === compaction) etcd.compact(etcd.revision);
        }
        const horizon = Math.max(1, etcd.horizon);
        const history = await readHistory(reader, {
          prefixes: ["/a/", "/b/"],
          wanted: () => true,
          locksOf: () => ["/locks/"],
          samples: 200,
          budget: 5_000,
        });
        if (history.kind === "unanswered") throw new Error(history.message);
        expect(history.value).toMatchObject({ horizon, unresolved: [], exhausted: false });
        const told = history.value.lost.map(({ key, deletedRevision, value, locks }) => ({
          key,
          deletedRevision,
          text: new TextDecoder().decode(value),
          locked: locks?.length === 1,
        }));
        expect(told).toEqual(
          deaths
            .filter(({ deletedRevision }) => deletedRevision > horizon)
            .sort((a, b) =>
              a.key === b.key ? a.deletedRevision - b.deletedRevision : a.key < b.key ? -1 : 1,
            ),
        );
      }),
      { numRuns: 1_500 },
    );
  });
});
