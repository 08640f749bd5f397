import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Finding } from "../../../src/findings/finding.js";
import { type Lab, type Ran, ran } from "./lab.js";

const BIN = resolve("bin/vtdoctor.js");

export interface ScanDocument {
  readonly exit: { readonly code: number; readonly name: string; readonly reasons: readonly string[] };
  readonly coverage: {
    readonly unanswered: readonly {
      readonly domain: string;
      readonly subject: string;
      readonly reason: string;
    }[];
  };
  readonly findings: readonly Finding[];
}

/** The compiled CLI against one lab, as an operator types it; its runs are journaled in the lab's folder. */
export class Doctor {
  readonly connection: readonly string[];
  readonly runDir: string;
  /** The state of whoever runs the tests stays as it is. */
  private readonly env: { readonly XDG_STATE_HOME: string };

  constructor(readonly lab: Lab) {
    this.connection = [
      "--topo-global-server-address",
      lab.server,
      "--topo-global-root",
      lab.root,
      "--timeout",
      "3s",
    ];
    this.runDir = join(lab.dir, "runs");
    this.env = { XDG_STATE_HOME: join(lab.dir, "state") };
    mkdirSync(this.runDir, { recursive: true });
  }

  /** Any command. */
  run(...args: string[]): Promise<Ran> {
    return ran(process.execPath, [BIN, ...args, ...this.connection], 300_000, this.env);
  }

  async scan(...args: string[]): Promise<ScanDocument & { readonly code: number }> {
    const said = await this.run("scan", "--format", "json", ...args);
    return { ...parsed(said), code: said.code };
  }

  /** A writing command, with its runs in the lab's folder. */
  write(...args: string[]): Promise<Ran> {
    return this.run(...args, "--run-dir", this.runDir);
  }

  /** `runs`: a command on the runs' folders alone. */
  runs(...args: string[]): Promise<Ran> {
    return ran(process.execPath, [BIN, "runs", ...args, "--run-dir", this.runDir], 60_000, this.env);
  }

  /** A writing command that can be killed. */
  start(...args: string[]) {
    const all = [BIN, ...args, ...this.connection, "--run-dir", this.runDir];
    return spawn(process.execPath, all, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.env },
    });
  }
}

function parsed<T = ScanDocument>(said: Ran): T {
  try {
    return JSON.parse(said.stdout) as T;
  } catch {
    throw new Error(
      `no JSON document on stdout (exit ${said.code}): ${said.stdout.slice(0, 500)}\n${said.stderr}`,
    );
  }
}

/** A look of now, for commands that look again 30 s later or more. */
export async function firstLook(doctor: Doctor, ...args: string[]): Promise<readonly string[]> {
  const file = join(doctor.lab.dir, `look-${Date.now()}.sqlite`);
  await doctor.scan("--settle", "0", "--save-snapshot", file, ...args);
  return ["--earlier-snapshot", file, ...args];
}

/** `rule state` of every finding that is not about settling, sorted: what the scene asserts. */
export const ids = (document: ScanDocument, ...states: string[]): readonly string[] =>
  document.findings
    .filter((finding) => states.length === 0 || states.includes(finding.state))
    .map((finding) => finding.id);
