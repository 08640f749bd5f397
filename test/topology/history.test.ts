import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/cli/clock.js";
import type { Outcome } from "../../src/cluster/outcome.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import { type History, type HistoryRequest, readHistory } from "../../src/topology/history.js";
import { parseLockBody } from "../../src/topology/lock-body.js";
import type { RangeRequest, TopologyStore } from "../../src/topology/store.js";
import { describeWithEtcd, type EtcdServer, startEtcd } from "./etcd-server.js";
import { historyOfRecords } from "./record-history.js";
import { recordedRevisions } from "./recordings.js";

const [GLOBAL, ZONE1] = ["/vitess/global", "/vitess/zone1"];
const LIMITS = { samples: 32, budget: 1_000 };

describeWithEtcd("history", () => {
  let etcd: EtcdServer;
  let store: TopologyStore;

  beforeAll(async () => {
    etcd = await startEtcd();
    store = connect(etcd);
  });
  afterAll(async () => {
    store.close();
    await etcd.stop();
  });

  describe.each([
    ["v19-cancelled", ["DropTargets"]],
    ["legacy-cancelled-with-history-v24", ["DropTargets"]],
    ["completed-with-history-v24", ["DropSources", "MoveTablesComplete"]],
    ["deleted-by-person-v24", ["DeleteShard"]],
  ])("of %s", (recording, actions) => {
    let own: EtcdServer;
    let replayed: TopologyStore;
    const revisions = recordedRevisions(recording);

    beforeAll(async () => {
      own = await startEtcd();
      replayed = connect(own);
      for (const [revision, operations] of revisions) {
        expect(answerOf(await replayed.txn({ compares: [], operations })).revision).toBe(revision);
      }
    });
    afterAll(async () => {
      replayed.close();
      await own.stop();
    });

    test("finds every record that was deleted, with its bytes, its revisions and what deleted it", async () => {
      const history = await historyOf(replayed, historyOfRecords([GLOBAL, ZONE1], GLOBAL));
      expect(history).toMatchObject({ exhausted: false, unresolved: [], horizon: 1 });
      expect(history.lost.length).toBeGreaterThan(2);
      expect(history.requests).toBeLessThan(150);
      expect(
        history.lost.map(({ key, deletedRevision, value }) => ({ key, deletedRevision, value })),
      ).toEqual(recordsDeletedIn(revisions));
      for (const { locks } of history.lost) {
        const held = (locks ?? []).map(({ value }) => answerOf(parseLockBody(value)).action);
        expect(held.sort()).toEqual(actions);
      }
    });

    test("finds the same when only the end of it is left", async () => {
      const last = [...revisions.keys()].at(-1) ?? 0;
      const deleted = recordsDeletedIn(revisions);
      const horizon = Math.min(...deleted.map(({ deletedRevision }) => deletedRevision)) - 1;
      await own.compact(horizon);
      const history = await historyOf(replayed, historyOfRecords([GLOBAL, ZONE1], GLOBAL));
      expect(history.horizon).toBe(horizon);
      expect(history.revision).toBe(last);
      expect(history.lost.map(({ key }) => key)).toEqual(deleted.map(({ key }) => key));
    });

    test("says where it ends when the deletions are forgotten", async () => {
      const last = [...revisions.keys()].at(-1) ?? 0;
      await own.compact(last);
      const history = await historyOf(replayed, historyOfRecords([GLOBAL, ZONE1], GLOBAL));
      expect(history).toMatchObject({ horizon: last, lost: [], unresolved: [] });
    });
  });

  test("does not know the locks of an etcd that holds no global root", async () => {
    await write("/cells/zone2/tablets/zone2-0000000007/Tablet", "1");
    await erase("/cells/zone2/tablets/zone2-0000000007/Tablet");
    const history = await historyOf(store, historyOfRecords(["/cells/zone2"], null));
    expect(history.lost).toMatchObject([
      { key: "/cells/zone2/tablets/zone2-0000000007/Tablet", locks: null },
    ]);
  });

  test("tells a key that was made again from one that is gone, and keeps each life", async () => {
    const at = "/lives/";
    await write(`${at}a`, "first");
    await erase(`${at}a`);
    await write(`${at}a`, "second");
    await write(`${at}a`, "second, changed");
    const end = await erase(`${at}a`);
    await write(`${at}a`, "third");
    const history = await historyOf(store, all([at]));
    expect(history.lost.map(({ recreated, value }) => [recreated, text(value)])).toEqual([
      [true, "first"],
      [true, "second, changed"],
    ]);
    expect(history.lost.at(-1)?.deletedRevision).toBe(end);
  });

  test("finds an old deletion among two thousand later revisions of something else", async () => {
    const at = "/old/";
    for (const key of ["a", "b", "c"]) await write(`${at}${key}`, key);
    const locked = await write("/old-locks/7", "the lock");
    const deleted = [await erase(`${at}a`), await erase(`${at}b`), await erase(`${at}c`)];
    await write(`${at}c`, "made again at once");
    await erase("/old-locks/7");
    await etcd.compact(locked);
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 100 }, (_, key) => write(`/noise/${key}`, String(batch))));
    }
    const history = await historyOf(
      store,
      { ...all([at]), locksOf: () => ["/old-locks/"] },
      {
        samples: 16,
        budget: 150,
      },
    );
    expect(
      history.lost.map(({ key, deletedRevision, locks }) => [key, deletedRevision, locks?.length]),
    ).toEqual([
      [`${at}a`, deleted[0], 1],
      [`${at}b`, deleted[1], 1],
      [`${at}c`, deleted[2], 1],
    ]);
    expect(history.exhausted).toBe(false);
  });

  test("a budget that is too small is said, and what is known to be gone is named", async () => {
    const at = "/budget/";
    const keys = Array.from({ length: 30 }, (_, index) => `${at}${String(index).padStart(2, "0")}`);
    const first = await write(`${at}horizon`, "");
    for (const key of keys) await write(key, "1");
    for (const key of keys) await erase(key);
    await etcd.compact(first);
    const complete = await historyOf(store, all([at]), { samples: 8, budget: 1_000 });
    expect(complete).toMatchObject({ exhausted: false, unresolved: [] });
    for (let budget = 1; budget <= complete.requests; budget += 7) {
      const history = await historyOf(store, all([at]), { samples: 8, budget });
      const named = [...history.lost.map(({ key }) => key), ...history.unresolved];
      expect(new Set(named).size).toBe(named.length);
      expect(history.exhausted).toBe(budget < complete.requests);
      expect(history.requests).toBeLessThanOrEqual(budget + 1);
    }
    expect(complete.lost.map(({ key }) => key)).toEqual(keys);
  });

  test("a compaction on the way is survived, and what it took is named", async () => {
    const at = "/compacted/";
    const first = await write(`${at}a`, "1");
    await write(`${at}b`, "1");
    await erase(`${at}a`);
    for (let count = 0; count < 50; count++) await write("/noise/0", String(count));
    const last = await erase(`${at}b`);
    await write("/noise/0", "end");
    await etcd.compact(first);
    let requests = 0;
    const reader = {
      status: () => store.status(),
      get: (key: string, revision?: number) => store.get(key, revision),
      range: async (request: RangeRequest) => {
        if (++requests === 12) await etcd.compact(last - 2);
        return store.range(request);
      },
    };
    const history = answerOf(await readHistory(reader, { ...all([at]), samples: 8, budget: 500 }));
    expect([...history.lost.map(({ key }) => key), ...history.unresolved].sort()).toEqual([
      `${at}a`,
      `${at}b`,
    ]);
  });

  test("an etcd that does not answer is no history without deletions", async () => {
    const silent = { ...LIMITS, ...all(["/"]) };
    const nobody = connectEtcdStore("127.0.0.1:1", { timeoutMs: 1_000, tls: null }, systemClock);
    expect(await readHistory(nobody, silent)).toMatchObject({ kind: "unanswered", reason: "unreachable" });
    nobody.close();
  });

  const write = async (key: string, words: string): Promise<number> => {
    const put = { kind: "put", key, value: new TextEncoder().encode(words) } as const;
    return answerOf(await store.txn({ compares: [], operations: [put] })).revision;
  };
  const erase = async (key: string): Promise<number> =>
    answerOf(await store.txn({ compares: [], operations: [{ kind: "delete", key }] })).revision;
});

const connect = (etcd: EtcdServer): TopologyStore =>
  connectEtcdStore(etcd.address, { timeoutMs: 10_000, tls: null }, systemClock);

const historyOf = async (
  reader: TopologyStore,
  what: Pick<HistoryRequest, "prefixes" | "wanted" | "locksOf">,
  limits = LIMITS,
): Promise<History> => answerOf(await readHistory(reader, { ...what, ...limits }));

const all = (prefixes: readonly string[]) => ({ prefixes, wanted: () => true, locksOf: null });

/** By key, as `readHistory` orders them; every deleted record of the recordings stays deleted. */
function recordsDeletedIn(revisions: ReturnType<typeof recordedRevisions>) {
  const values = new Map<string, Uint8Array>();
  const deleted: { key: string; deletedRevision: number; value: Uint8Array }[] = [];
  for (const [revision, operations] of revisions) {
    for (const operation of operations) {
      if (operation.kind === "put") values.set(operation.key, operation.value);
      else if (!operation.key.includes("/locks/")) {
        const value = values.get(operation.key) ?? new Uint8Array();
        deleted.push({ key: operation.key, deletedRevision: revision, value });
      }
    }
  }
  return deleted.sort((a, b) => (a.key < b.key ? -1 : 1));
}

const text = (value: Uint8Array): string => new TextDecoder().decode(value);

function answerOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "answered") return outcome.value;
  throw new Error(`${outcome.reason}: ${outcome.message}`);
}
