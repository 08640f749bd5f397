import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { describe } from "vitest";
import { systemClock } from "../../src/cli/clock.js";

const found = spawnSync("etcd", ["--version"]).status === 0;

if (!found)
  console.warn("Tests on a real etcd are skipped: there is none on PATH (apt-get install etcd-server).");

/** Skipped where no etcd is installed, which is said once a file; CI has one. */
export const describeWithEtcd: typeof describe.skip = found ? describe : describe.skip;

/** A real etcd of its own in a folder of its own. */
export interface EtcdServer {
  readonly address: string;
  compact(revision: number): Promise<void>;
  /** May be called again. */
  stop(): Promise<void>;
}

/** `flags` are added to etcd's command line; `scheme` and `port` are those of its client URL. */
export async function startEtcd(
  flags: readonly string[] = [],
  scheme = "http",
  port?: number,
): Promise<EtcdServer> {
  const folder = mkdtempSync(join(tmpdir(), "vtdoctor-etcd-"));
  const [client, peer] = [port ?? (await freePort()), await freePort()];
  const clientUrl = `${scheme}://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const server = spawn(
    "etcd",
    [
      ...["--name", "one", "--data-dir", folder, "--log-level", "error"],
      ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
      ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", `one=${peerUrl}`],
      ...flags,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const killed = () => server.kill("SIGKILL");
  process.once("exit", killed);
  server.once("exit", () => process.off("exit", killed));
  await ready(server, client);
  if (scheme === "http") await leads(clientUrl);
  return {
    address: `127.0.0.1:${client}`,
    compact: (revision) => compact(clientUrl, revision),
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = new Promise((resolve) => server.once("exit", resolve));
        server.kill("SIGKILL");
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function compact(url: string, revision: number): Promise<void> {
  const etcd = new Etcd3({ hosts: url });
  try {
    await etcd.kv.compact({ revision, physical: true });
  } finally {
    etcd.close();
  }
}

/** The port opens before there is a leader, and a loaded machine takes its time. */
async function ready(server: ChildProcess, port: number): Promise<void> {
  let said = "";
  server.stderr?.on("data", (text) => {
    said += text;
  });
  for (let tries = 0; tries < 200; tries++) {
    if (server.exitCode !== null) throw new Error(`etcd ended with ${server.exitCode}: ${said}`);
    if (await connects(port)) return;
    await systemClock.sleep(50);
  }
  throw new Error(`etcd does not listen on ${port}: ${said}`);
}

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
  });

async function leads(url: string): Promise<void> {
  const etcd = new Etcd3({ hosts: url });
  try {
    await etcd.kv.range({ key: Buffer.from("ready") }, { deadline: systemClock.now() + 20_000 });
  } finally {
    etcd.close();
  }
}
