import { EventEmitter } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { interruptible } from "../../src/cli/process.js";
import { operatorAt, type Said, seed, type Typed } from "./harness.js";

const ROOT = "shard-missing-live-tablets@customer/-80";

/** A fix that meets `when` at its first stop of a stream. */
async function fixLeftBy(when: () => void, typed: Typed = {}) {
  const at = operatorAt(seed());
  const said = await at.write(`fix ${ROOT} --yes`, {
    ...typed,
    onNote: (line) => {
      if (line.includes("done  01-stream.stop")) when();
    },
  });
  const [run = ""] = readdirSync(join(at.folder, "runs"));
  return { ...at, said, run };
}

const tail = ({ err }: Said): readonly string[] => err.trimEnd().split("\n").slice(-2);

describe("a run that is not whole leaves its id, its folder and the command that goes on", () => {
  it("when it is told to stop twice", async () => {
    const killed = new AbortController();
    const { said, run, folder } = await fixLeftBy(() => killed.abort(), { killed: killed.signal });
    // Here the process would have ended; the simulated one goes on to its end, and says nothing more of it.
    expect(said.err).toContain(`(folder ${join(folder, "runs", run)})`);
    expect(said.err.split("vtdoctor resume")).toHaveLength(2);
  });

  it("when something stands in its way after a step", async () => {
    const at = operatorAt(seed());
    const said = await at.write(`fix ${ROOT} --yes`, {
      onNote: (line) => {
        if (line.includes("done  01-stream.stop")) throw new TypeError("x is not a function");
      },
    });
    const [run = ""] = readdirSync(join(at.folder, "runs"));
    expect([said.code, said.err]).toEqual([7, expect.stringContaining(`vtdoctor resume ${run} --run-dir`)]);
  });

  it("when it did everything, and the look that verifies it failed", async () => {
    const cluster = seed();
    const { folder, write } = operatorAt(cluster);
    const interrupt = new AbortController();
    const said = await write(`fix ${ROOT} --yes`, {
      signal: interrupt.signal,
      onNote: (line) => {
        if (line.includes("await-primary")) interrupt.abort();
      },
    });
    expect(said.code, said.err).toBe(5);
    const [run = ""] = readdirSync(join(folder, "runs"));
    expect(tail(said)).toEqual([
      expect.stringMatching(
        /^run \w+ did all of its \d+ steps, and nothing has verified them yet\. To look again/,
      ),
      `    vtdoctor resume ${run} --run-dir ${join(folder, "runs")}`,
    ]);
    expect((await write(`resume ${run} --yes`)).out).toContain("verified");
  });
});

it.each(["SIGINT", "SIGTERM", "SIGHUP"])(
  "%s: first it waits for the step, then it ends after its last words",
  (name) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const heard: string[] = [];
    const exit = (code: number) => heard.push(`exit ${code}`);
    const process = Object.assign(new EventEmitter(), { stdout, stderr, exit });
    const { signal, killed } = interruptible(process as unknown as NodeJS.Process);
    killed.addEventListener("abort", () => heard.push("last words"));
    process.emit(name);
    expect([signal.aborted, killed.aborted, heard]).toEqual([true, false, []]);
    expect(stderr.read().toString()).toContain("once more to stop now");
    process.emit(name);
    expect(heard).toEqual(["last words", "exit 5"]);
  },
);
