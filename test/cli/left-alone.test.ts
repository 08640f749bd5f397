import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyFolder } from "./harness.js";

const BIN = resolve("bin/vtdoctor.js");
const TIMEOUT_MS = 120_000;

describe("a run in a process of its own", () => {
  const folder = emptyFolder();
  const runs = join(folder, "runs");
  let server: ChildProcess;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    server = spawn(process.execPath, [BIN, "demo", "--serve"], { stdio: ["ignore", "pipe", "inherit"] });
    const said: string[] = [];
    for await (const line of createInterface({ input: server.stdout ?? process.stdin })) {
      said.push(line);
      if (line.startsWith("Ctrl-C")) break;
    }
    const [, name = "", value] = /export (\w+)=(.*)/.exec(said.join("\n")) ?? [];
    env = {
      PATH: process.env.PATH,
      XDG_STATE_HOME: join(folder, "state"),
      VTDOCTOR_RUN_DIR: runs,
      [name]: value,
    };
  });
  afterAll(() => server?.kill("SIGKILL"));

  const start = (line: string, more: NodeJS.ProcessEnv = {}) => {
    const child = spawn(process.execPath, [BIN, ...line.split(" ")], {
      ...{ cwd: folder, env: { ...env, ...more }, stdio: ["ignore", "pipe", "pipe"] },
    });
    const code = new Promise<number | null>((done) => child.on("close", done));
    return { child, code };
  };
  const journal = (): readonly { readonly kind: string }[] => {
    const [run = ""] = readdirSync(runs);
    const text = readFileSync(join(runs, run, "journal.jsonl"), "utf8");
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  };

  it(
    "that fails where nobody catches it ends with 7, never with 1, which means findings",
    async () => {
      const { child, code } = start("cancel product.p2 --yes", {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(FAILING)}`,
        FAIL_WITH: runs,
      });
      let err = "";
      child.stderr.on("data", (text) => {
        err += text;
      });
      expect([await code, err]).toEqual([7, expect.stringContaining("internal error: Error: nobody")]);
      expect(journal().map(({ kind }) => kind)).not.toContain("finished");
    },
    TIMEOUT_MS,
  );

  it(
    "goes on to its end when nobody reads stdout and stderr any more",
    async () => {
      const [run] = readdirSync(runs);
      const { child, code } = start(`resume ${run} --yes`);
      child.stdout.destroy();
      child.stderr.once("data", () => child.stderr.destroy());
      expect(await code).toBe(0);
      const kinds = journal().map(({ kind }) => kind);
      expect(kinds.filter((kind) => ["resumed", "stopped", "finished", "verified"].includes(kind))).toEqual([
        ...["resumed", "finished", "verified"],
      ]);
    },
    TIMEOUT_MS,
  );
});

/** Throws from a timer as soon as a step of a run has been begun. */
const FAILING = `
  import { readdirSync, readFileSync } from "node:fs";
  setInterval(() => {
    let text = "";
    try {
      const [run] = readdirSync(process.env.FAIL_WITH);
      text = readFileSync(process.env.FAIL_WITH + "/" + run + "/journal.jsonl", "utf8");
    } catch {}
    if (text.includes('"intent"')) throw new Error("nobody catches this");
  }, 20).unref();
`;
