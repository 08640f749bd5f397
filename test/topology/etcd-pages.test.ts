import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../src/cli/clock.js";
import { connectEtcdStore } from "../../src/topology/etcd-store.js";
import type { TopologyStore } from "../../src/topology/store.js";
import { describeWithEtcd, type EtcdServer, startEtcd } from "./etcd-server.js";

const KEYS = 2_500;

describeWithEtcd("the requests of one range", () => {
  let etcd: EtcdServer;
  let store: TopologyStore;

  beforeAll(async () => {
    etcd = await startEtcd();
    store = connectEtcdStore(etcd.address, { timeoutMs: 10_000, tls: null }, systemClock);
    const keys = Array.from({ length: KEYS }, (_, index) => `/pages/${String(index).padStart(5, "0")}`);
    for (let from = 0; from < KEYS; from += 100) {
      const puts = keys.slice(from, from + 100).map((key) => ({ kind: "put", key, value: VALUE }) as const);
      expect(await store.txn({ compares: [], operations: puts })).toMatchObject({ kind: "answered" });
    }
  });
  afterAll(async () => {
    store?.close();
    await etcd?.stop();
  });

  it.each([
    ["a thousand records each", false, 3],
    ["ten thousand keys each", true, 1],
  ])("are pages of %s", async (_, keysOnly, pages) => {
    const before = await rangesOf(etcd);
    const found = await store.range({ prefix: "/pages/", keysOnly });
    expect(found).toMatchObject({ kind: "answered", value: { count: KEYS } });
    expect(found.kind === "answered" && found.value.entries.length).toBe(KEYS);
    expect((await rangesOf(etcd)) - before).toBe(pages);
  });
});

const VALUE = new TextEncoder().encode("record");

/** Range requests that this etcd has answered. */
async function rangesOf({ address }: EtcdServer): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return [...text.matchAll(/^grpc_server_handled_total\{.*grpc_method="Range".*\} (\d+)$/gm)]
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}
