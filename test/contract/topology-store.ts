import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Clock } from "../../src/cluster/clock.js";
import type { Outcome } from "../../src/cluster/outcome.js";
import { readHistory } from "../../src/topology/history.js";
import type { Compare, Entry, TopologyStore, TxnOp } from "../../src/topology/store.js";

/** One etcd cluster that a run of the suite has for itself, and what the port itself can not do to it. */
export interface StoreUnderTest {
  connect(): TopologyStore;
  /** The time by which its leases expire. */
  readonly clock: Clock;
  compact(revision: number): Promise<void>;
  stop(): Promise<void>;
}

/** What every `TopologyStore` does: the real etcd is the judge, the simulated one passes the same. */
export function topologyStoreContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let world: StoreUnderTest;
    let store: TopologyStore;
    let folders = 0;
    /** A prefix that no other test uses. */
    const folder = (): string => `/contract/${String(folders++).padStart(3, "0")}/`;

    beforeAll(async () => {
      world = await start();
      store = world.connect();
    });
    afterAll(async () => {
      store.close();
      await world.stop();
    });

    const txn = (compares: readonly Compare[], operations: readonly TxnOp[]) =>
      store.txn({ compares, operations }).then(answerOf);
    const put = async (key: string, text: string): Promise<number> =>
      (await txn([], [{ kind: "put", key, value: bytes(text) }])).revision;
    const remove = async (key: string): Promise<number> =>
      (await txn([], [{ kind: "delete", key }])).revision;
    const entry = async (key: string, revision?: number): Promise<Entry | null> =>
      answerOf(await store.get(key, revision)).entry;

    test("says which cluster it is and where its history stands", async () => {
      const revision = await put(`${folder()}a`, "1");
      const status = answerOf(await store.status());
      expect(status.revision).toBe(revision);
      expect(status.clusterId).toMatch(/^\d+$/);
      expect(status.version).toMatch(/^3\./);
    });

    describe("reading", () => {
      test("a key that does not exist is an answer, not a failure", async () => {
        const { revision, entry: found } = answerOf(await store.get(`${folder()}absent`));
        expect(found).toBeNull();
        expect(revision).toBe(answerOf(await store.status()).revision);
      });

      test("gives the bytes back as they were put, and no bytes are a value too", async () => {
        const at = folder();
        const value = Uint8Array.from([0, 0xff, 0xc3, 0x28, 10]);
        await txn(
          [],
          [
            { kind: "put", key: `${at}bytes`, value },
            { kind: "put", key: `${at}empty`, value: new Uint8Array() },
          ],
        );
        expect((await entry(`${at}bytes`))?.value).toEqual(value);
        expect((await entry(`${at}empty`))?.value).toEqual(new Uint8Array());
      });

      test("counts revisions as etcd does", async () => {
        const key = `${folder()}a`;
        const created = await put(key, "1");
        const changed = await put(key, "2");
        expect(await entry(key)).toEqual({
          key,
          value: bytes("2"),
          createRevision: created,
          modRevision: changed,
          version: 2,
          lease: "0",
        });
      });

      test("reads the past", async () => {
        const key = `${folder()}a`;
        const first = await put(key, "1");
        await put(key, "2");
        expect((await entry(key, first))?.value).toEqual(bytes("1"));
        expect(await entry(key, first - 1)).toBeNull();
        expect(answerOf(await store.get(key, first)).revision).toBe(first);
      });

      test("a revision that is still to come is refused", async () => {
        const { revision } = answerOf(await store.status());
        expect(await store.get("/contract/any", revision + 1000)).toMatchObject({
          kind: "unanswered",
          reason: "failed",
        });
        expect(await store.range({ prefix: "/contract/", revision: revision + 1000 })).toMatchObject({
          kind: "unanswered",
          reason: "failed",
        });
      });
    });

    describe("ranges", () => {
      test("hold exactly the keys that start with the prefix, in the order of their bytes", async () => {
        const at = folder();
        for (const name of ["b", "B", "a/z", "a", "ü", "a0"]) await put(`${at}in/${name}`, name);
        for (const outside of [`${at}in`, `${at}in0`, `${at}im/z`]) await put(outside, "outside");
        const { entries } = answerOf(await store.range({ prefix: `${at}in/` }));
        expect(entries.map(({ key }) => key)).toEqual(
          ["B", "a", "a/z", "a0", "b", "ü"].map((name) => `${at}in/${name}`),
        );
      });

      test("without values when only keys are asked for", async () => {
        const at = folder();
        const revision = await put(`${at}a`, "value");
        expect(answerOf(await store.range({ prefix: at, keysOnly: true }))).toEqual({
          revision,
          count: 1,
          entries: [
            {
              key: `${at}a`,
              value: new Uint8Array(),
              createRevision: revision,
              modRevision: revision,
              version: 1,
              lease: "0",
            },
          ],
        });
      });

      test("can leave out what is known, and count it all the same", async () => {
        const at = folder();
        const keys = Array.from({ length: 90 }, (_, index) => `${at}${index}`);
        await txn(
          [],
          keys.map((key) => ({ kind: "put", key, value: bytes("1") })),
        );
        const known = await remove(`${at}0`);
        await put(`${at}0`, "made again");
        await put(`${at}1`, "changed");
        await put(`${at}new`, "1");
        const later = answerOf(await store.range({ prefix: at, createdAfter: known, keysOnly: true }));
        expect(later.entries.map(({ key }) => key)).toEqual([`${at}0`, `${at}new`]);
        expect(later.count).toBe(91);
        const past = answerOf(await store.range({ prefix: at, createdAfter: known, revision: known }));
        expect(past).toEqual({ revision: known, entries: [], count: 89 });
      });

      test("of the empty prefix are everything", async () => {
        const key = `${folder()}a`;
        await put(key, "1");
        const { entries } = answerOf(await store.range({ prefix: "", keysOnly: true }));
        expect(entries.some((found) => found.key === key)).toBe(true);
      });

      test("at an old revision show what was there", async () => {
        const at = folder();
        await put(`${at}a`, "1");
        const then = await put(`${at}b`, "1");
        await put(`${at}b`, "2");
        await put(`${at}c`, "1");
        await remove(`${at}a`);
        const past = answerOf(await store.range({ prefix: at, revision: then }));
        expect(past.revision).toBe(then);
        expect(past.entries.map(({ key, value }) => [key, text(value)])).toEqual([
          [`${at}a`, "1"],
          [`${at}b`, "1"],
        ]);
      });

      test("larger than a message come whole", async () => {
        const at = folder();
        const value = new Uint8Array(2_048).fill(7);
        const keys = Array.from({ length: 2_500 }, (_, index) => `${at}${String(index).padStart(5, "0")}`);
        for (let from = 0; from < keys.length; from += 100) {
          await txn(
            [],
            keys.slice(from, from + 100).map((key) => ({ kind: "put", key, value })),
          );
        }
        const { entries, count } = answerOf(await store.range({ prefix: at }));
        expect(entries.map(({ key }) => key)).toEqual(keys);
        expect(count).toBe(keys.length);
        expect(entries.reduce((sum, found) => sum + found.value.length, 0)).toBeGreaterThan(4 << 20);
      });

      test("are of one revision while others write", async () => {
        const at = folder();
        for (let batch = 0; batch < 25; batch++) {
          const keys = Array.from({ length: 100 }, (_, index) => `${at}m/${batch}/${index}`);
          await txn(
            [],
            keys.map((key) => ({ kind: "put", key, value: bytes("filler") })),
          );
        }
        const writeBoth = (count: number) =>
          txn(
            [],
            ["a", "z"].map((name) => ({ kind: "put", key: `${at}${name}`, value: bytes(String(count)) })),
          );
        await writeBoth(0);
        let reading = true;
        const writer = (async () => {
          for (let count = 1; reading; count++) await writeBoth(count);
        })();
        try {
          for (let reads = 0; reads < 10; reads++) {
            const { revision, entries } = answerOf(await store.range({ prefix: at }));
            expect(entries[0]?.modRevision).toBe(entries.at(-1)?.modRevision);
            expect(Math.max(...entries.map((found) => found.modRevision))).toBeLessThanOrEqual(revision);
          }
        } finally {
          reading = false;
          await writer;
        }
      });
    });

    describe("transactions", () => {
      test("create only what does not exist", async () => {
        const key = `${folder()}a`;
        const create: readonly [readonly Compare[], readonly TxnOp[]] = [
          [{ key, target: "create", equals: 0 }],
          [{ kind: "put", key, value: bytes("1") }],
        ];
        const created = await txn(...create);
        expect(created.succeeded).toBe(true);
        expect(await txn(...create)).toEqual({ succeeded: false, revision: created.revision });
        expect((await entry(key))?.version).toBe(1);
      });

      test.each(["mod", "create", "version"] as const)("compare %s", async (target) => {
        const key = `${folder()}a`;
        const created = await put(key, "1");
        const changed = await put(key, "2");
        const real = { mod: changed, create: created, version: 2 }[target];
        const write: readonly TxnOp[] = [{ kind: "put", key, value: bytes("3") }];
        expect((await txn([{ key, target, equals: real + 1 }], write)).succeeded).toBe(false);
        expect((await txn([{ key, target, equals: 0 }], write)).succeeded).toBe(false);
        expect(text((await entry(key))?.value)).toBe("2");
        expect((await txn([{ key, target, equals: real }], write)).succeeded).toBe(true);
        expect(text((await entry(key))?.value)).toBe("3");
      });

      test("do all or nothing, in one revision", async () => {
        const at = folder();
        await put(`${at}old`, "1");
        const operations: readonly TxnOp[] = [
          { kind: "put", key: `${at}a`, value: bytes("1") },
          { kind: "put", key: `${at}b`, value: bytes("1") },
          { kind: "delete", key: `${at}old` },
        ];
        const held: Compare = { key: `${at}old`, target: "version", equals: 1 };
        const refused = await txn([held, { key: `${at}a`, target: "mod", equals: 1 }], operations);
        expect(refused.succeeded).toBe(false);
        expect(await entry(`${at}a`)).toBeNull();
        const done = await txn([held, { key: `${at}a`, target: "mod", equals: 0 }], operations);
        const { entries } = answerOf(await store.range({ prefix: at }));
        expect(entries.map(({ key, modRevision }) => [key, modRevision])).toEqual([
          [`${at}a`, done.revision],
          [`${at}b`, done.revision],
        ]);
      });

      test("a key that is deleted and made again is another key", async () => {
        const key = `${folder()}a`;
        const first = await put(key, "1");
        await put(key, "2");
        await remove(key);
        const second = await put(key, "3");
        expect(await entry(key)).toMatchObject({ createRevision: second, version: 1 });
        expect(
          (await txn([{ key, target: "create", equals: first }], [{ kind: "delete", key }])).succeeded,
        ).toBe(false);
        expect((await entry(key, second - 1)) === null).toBe(true);
      });

      test("refuse a lease that does not exist", async () => {
        const put: TxnOp = { kind: "put", key: `${folder()}a`, value: bytes("1"), lease: "4242" };
        expect(await store.txn({ compares: [], operations: [put] })).toMatchObject({ reason: "failed" });
      });
    });

    describe("leases", () => {
      test("carry keys, say their time, and take the keys with them", async () => {
        const key = `${folder()}a`;
        const lease = answerOf(await store.grant(60));
        expect(lease.id).toMatch(/^\d+$/);
        await txn([], [{ kind: "put", key, value: bytes("1"), lease: lease.id }]);
        expect((await entry(key))?.lease).toBe(lease.id);
        const state = answerOf(await store.lease(lease.id));
        expect(state?.grantedTtl).toBe(60);
        expect(state?.ttl).toBeGreaterThan(50);
        expect(lease.leftMs()).toBeGreaterThan(0);
        await lease.release();
        expect(lease.leftMs()).toBe(0);
        expect(await entry(key)).toBeNull();
        expect(answerOf(await store.lease(lease.id))).toBeNull();
      });

      test("live on for as long as they are held", async () => {
        const key = `${folder()}a`;
        const lease = answerOf(await store.grant(2));
        await txn([], [{ kind: "put", key, value: bytes("1"), lease: lease.id }]);
        await world.clock.sleep(5_000);
        expect(lease.leftMs()).toBeGreaterThan(0);
        expect(await entry(key)).not.toBeNull();
        await lease.release();
      });

      test("are lost when somebody else revokes them", async () => {
        const lease = answerOf(await store.grant(2));
        expect(answerOf(await store.revoke(lease.id))).toBe(true);
        expect(answerOf(await store.revoke(lease.id))).toBe(false);
        await world.clock.sleep(2_000);
        expect(lease.leftMs()).toBe(0);
      });

      test("expire when the connection that holds them is closed", async () => {
        const key = `${folder()}a`;
        const other = world.connect();
        const lease = answerOf(await other.grant(1));
        await txn([], [{ kind: "put", key, value: bytes("1"), lease: lease.id }]);
        other.close();
        await world.clock.sleep(6_000);
        expect(await entry(key)).toBeNull();
        expect(lease.leftMs()).toBe(0);
      });
    });

    test("the past ends at the compaction", async () => {
      const key = `${folder()}a`;
      await put(key, "1");
      const second = await put(key, "2");
      await put(key, "3");
      await world.compact(second);
      expect((await entry(key, second))?.value).toEqual(bytes("2"));
      expect(await store.get(key, second - 1)).toMatchObject({ kind: "unanswered", reason: "compacted" });
      expect(await store.range({ prefix: key, revision: second - 1 })).toMatchObject({
        reason: "compacted",
      });
      expect(text((await entry(key))?.value)).toBe("3");
    });

    test("the history of deletions is readable up to the compaction", async () => {
      const at = folder();
      await put(`${at}forgotten`, "1");
      await put(`${at}gone`, "1");
      await put(`${at}again`, "1");
      const horizon = await remove(`${at}forgotten`);
      const last = await put(`${at}gone`, "2");
      const deleted = [await remove(`${at}gone`), await remove(`${at}again`)];
      await put(`${at}again`, "3");
      await world.compact(horizon);
      const limits = { samples: 8, budget: 200 };
      const what = { prefixes: [at], wanted: () => true, locksOf: () => [`${at}gone`] };
      const history = answerOf(await readHistory(store, { ...what, ...limits }));
      expect(history).toMatchObject({
        horizon,
        unresolved: [],
        exhausted: false,
        lost: [
          { key: `${at}again`, deletedRevision: deleted[1], value: bytes("1"), recreated: true, locks: [] },
          { key: `${at}gone`, deletedRevision: deleted[0], value: bytes("2"), recreated: false },
        ],
      });
      expect(history.lost[1]?.locks).toMatchObject([{ key: `${at}gone`, modRevision: last }]);
    });
  });
}

const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);
const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

function answerOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "answered") return outcome.value;
  throw new Error(`${outcome.reason}: ${outcome.message}`);
}
