import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Shape } from "./shape.js";

const here = (name: string): string => new URL(name, import.meta.url).pathname;

/** The compiled program, as `npm run build` left it. */
export const VTDOCTOR = here("../../../bin/vtdoctor.js");

export interface Ran {
  readonly ms: number;
  readonly code: number;
  readonly out: string;
}

/** A program from its start to its end. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, {
      // The state of whoever measures stays as it is.
      env: { ...process.env, XDG_STATE_HOME: join(tmpdir(), "vtdoctor-bench-state"), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => out.push(chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ ms: performance.now() - start, code: code ?? -1, out: Buffer.concat(out).toString() }),
    );
  });
}

export interface NodeRan extends Ran {
  /** Of the whole process, as the operating system counts it. */
  readonly peakMiB: number;
  readonly cpuMs: number;
}

export async function runNode(script: string, args: readonly string[]): Promise<NodeRan> {
  const folder = mkdtempSync(join(tmpdir(), "vtdoctor-bench-"));
  try {
    const usage = join(folder, "usage.json");
    const preload = new URL("usage-on-exit.js", import.meta.url).href;
    const ran = await run(process.execPath, ["--import", preload, script, ...args], {
      VTDOCTOR_BENCH_USAGE: usage,
    });
    const { peakKiB, cpuMs } = JSON.parse(readFileSync(usage, "utf8"));
    return { ...ran, peakMiB: peakKiB / 1024, cpuMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The process that speaks for all tablets. */
export class TabletServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly shape: Shape,
  ) {}

  static async start(tablets: number, etcd: string): Promise<TabletServer> {
    const child = fork(here("tablet-server.js"), { execArgv: [] });
    const ports = answerOf<Pick<Shape, "grpcPort" | "httpPort">>(child);
    child.send({ shape: { tablets }, etcd });
    return new TabletServer(child, { tablets, ...(await ports) });
  }

  /** Calls since the last question, by method. */
  calls(): Promise<Readonly<Record<string, number>>> {
    const answer = answerOf<Readonly<Record<string, number>>>(this.child);
    this.child.send("calls");
    return answer;
  }

  stop(): void {
    this.child.disconnect();
  }
}

const answerOf = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the tablet server ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message as T);
    });
  });

export const BARE_LOOP = here("bare-loop.js");
