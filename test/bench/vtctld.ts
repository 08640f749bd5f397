import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { freePort } from "../topology/etcd-server.js";
import { type Ran, run } from "./processes.js";
import { ROOT } from "./shape.js";

/** Vitess's own look at the same cluster; null where `vtctld` and `vtctldclient` are neither on PATH nor in the lab. */
export class Vtctld {
  private constructor(
    private readonly folder: string,
    private readonly server: ChildProcess,
    private readonly port: number,
  ) {}

  static async start(etcd: string): Promise<Vtctld | null> {
    const folder = binaries();
    if (folder === null) return null;
    const [http, port] = [await freePort(), await freePort()];
    const server = spawn(
      join(folder, "vtctld"),
      [
        ...[
          "--topo-implementation",
          "etcd2",
          "--topo-global-server-address",
          etcd,
          "--topo-global-root",
          ROOT,
        ],
        ...["--port", String(http), "--grpc-port", String(port), "--service-map", "grpc-vtctl,grpc-vtctld"],
      ],
      { stdio: "ignore", ...NOT_ROOT },
    );
    const vtctld = new Vtctld(folder, server, port);
    await vtctld.#ready();
    return vtctld;
  }

  client(...args: readonly string[]): Promise<Ran> {
    const timeout = ["--action-timeout", "30m"];
    return run(join(this.folder, "vtctldclient"), [
      "--server",
      `127.0.0.1:${this.port}`,
      ...timeout,
      ...args,
    ]);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill("SIGKILL");
    await ended;
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (this.server.exitCode !== null) throw new Error(`vtctld ended with ${this.server.exitCode}`);
      if (await connects(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("vtctld does not listen");
  }
}

/** vtctld refuses to run as root. */
const NOBODY = 65534;
const NOT_ROOT = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

function binaries(): string | null {
  const lab = join(process.env.VTDOCTOR_LAB_HOME ?? "/opt/vitess-lab", "vitess/bin");
  const folders = [...(process.env.PATH ?? "").split(delimiter), lab];
  const has = (folder: string) => ["vtctld", "vtctldclient"].every((name) => existsSync(join(folder, name)));
  return folders.find(has) ?? null;
}

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
  });
