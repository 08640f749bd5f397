import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { withoutIpServerNames } from "../../src/cli/main.js";
import { processTerminal } from "../../src/cli/process.js";

type Streams = Parameters<typeof processTerminal>[0];

function terminal(isTTY: boolean) {
  const streams = {
    stdin: Object.assign(new PassThrough(), { isTTY }),
    stdout: Object.assign(new PassThrough(), { isTTY, columns: 80 }),
    stderr: Object.assign(new PassThrough(), { isTTY, columns: 80 }),
  };
  return { ...streams, terminal: processTerminal(streams as unknown as Streams) };
}

describe("a question", () => {
  it.each([
    ["yes\n", "yes"],
    ["\u0003", ""],
    ["\u0004", ""],
  ])("answered with %j is %j", async (key, answer) => {
    const { terminal: at, stdin } = terminal(true);
    const asked = at.ask("Type yes: ");
    setTimeout(() => stdin.write(key), 20);
    expect(await asked).toBe(answer);
  });

  it("has no answer where nobody sits", async () => {
    expect(await terminal(false).terminal.ask("Type yes: ")).toBeNull();
  });
});

it("progress is shown to a person only, and never mixed into the result", () => {
  for (const isTTY of [true, false]) {
    const { terminal: at, stdout, stderr } = terminal(isTTY);
    at.progress("3 of 7 tablets");
    at.out("result");
    expect(stdout.read().toString()).toBe("result\n");
    expect(stderr.read()?.toString() ?? "").toBe(isTTY ? "3 of 7 tablets\r\u001b[K" : "");
  }
});

it("only Node's word on IP addresses in TLS is kept from the operator", () => {
  const seen: unknown[] = [];
  const process = { emitWarning: (...all: unknown[]) => void seen.push(all) };
  withoutIpServerNames(process);
  process.emitWarning("Setting the TLS ServerName to an IP address", "DeprecationWarning", "DEP0123");
  process.emitWarning("something else", "DeprecationWarning", "DEP0001");
  process.emitWarning("bare");
  expect(seen).toEqual([["something else", "DeprecationWarning", "DEP0001"], ["bare"]]);
});
