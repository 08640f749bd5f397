import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { freePort } from "../topology/etcd-server.js";
import { recordsOf, type TopologyRecord } from "./records.js";
import type { Shape } from "./shape.js";

/** A real etcd with a folder of its own, without a quota that a million revisions would reach. */
export class BenchEtcd {
  private constructor(
    readonly address: string,
    private readonly server: ChildProcess,
    private readonly folder: string,
    readonly client: Etcd3,
  ) {}

  static async start(): Promise<BenchEtcd> {
    const folder = mkdtempSync(join(tmpdir(), "vtdoctor-bench-"));
    const [client, peer] = [await freePort(), await freePort()];
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
    const server = spawn(
      "etcd",
      [
        ...["--name", "one", "--data-dir", folder, "--quota-backend-bytes", String(8 * 2 ** 30)],
        ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl, "--enable-v2=false"],
        ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
        ...["--initial-cluster", `one=${peerUrl}`],
      ],
      { stdio: "ignore" },
    );
    const etcd = new BenchEtcd(`127.0.0.1:${client}`, server, folder, new Etcd3({ hosts: clientUrl }));
    await etcd.#ready();
    return etcd;
  }

  /** Batches below etcd's 128 operations a transaction. */
  async fill(shape: Shape): Promise<number> {
    const records = [...recordsOf(shape, this.address)];
    const batches = Array.from({ length: Math.ceil(records.length / 100) }, (_, index) =>
      records.slice(index * 100, index * 100 + 100),
    );
    await inFlight(8, batches, (batch) => this.#putAll(batch));
    return records.length;
  }

  /** So many revisions more, none compacted: records written anew, and locks that come and go, in equal parts. */
  async age(shape: Shape, revisions: number): Promise<void> {
    const records = [...recordsOf(shape, this.address)].filter(({ key }) => key.endsWith("/Tablet"));
    await inFlight(256, Array(Math.ceil(revisions / 4)).keys(), async (index) => {
      const lock = `/vitess/global/keyspaces/commerce_0/locks/${index}`;
      const put = (record: TopologyRecord) => this.#putAll([record]);
      for (const step of [0, 1]) {
        const record = records[(index * 2 + step) % records.length];
        if (record !== undefined) await put(record);
      }
      await put({ key: lock, value: LOCK });
      await this.client.kv.deleteRange({ key: Buffer.from(lock) });
    });
  }

  /** Requests that etcd has answered, by method. */
  async requests(): Promise<ReadonlyMap<string, number>> {
    const text = await read(`http://${this.address}/metrics`);
    const handled = /^grpc_server_handled_total\{.*grpc_method="(\w+)".*\} (\d+)$/gm;
    const counts = new Map<string, number>();
    for (const [, method = "", count] of text.matchAll(handled))
      counts.set(method, (counts.get(method) ?? 0) + Number(count));
    return counts;
  }

  async stop(): Promise<void> {
    this.client.close();
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill("SIGKILL");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #putAll(records: readonly TopologyRecord[]): Promise<void> {
    await this.client.kv.txn({
      success: records.map(({ key, value }) => ({
        request_put: { key: Buffer.from(key), value: Buffer.from(value) },
      })),
    });
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (this.server.exitCode !== null) throw new Error(`etcd ended with ${this.server.exitCode}`);
      try {
        await this.client.put("ready").value("yes");
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    throw new Error(`etcd does not answer at ${this.address}`);
  }
}

const LOCK = Buffer.from(
  JSON.stringify({ Action: "bench", HostName: "bench", UserName: "bench", Status: "Running" }),
);

async function inFlight<T>(
  size: number,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const rest: Iterable<T> = { [Symbol.iterator]: () => queue };
  await Promise.all(
    Array.from({ length: size }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

const read = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    }).on("error", reject);
  });
