import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../src/cli/context.js";
import { run } from "../../src/cli/main.js";
import type { Clock } from "../../src/cluster/clock.js";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Typed {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly answer?: string | null;
  readonly clock?: Clock;
}

export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "vtdoctor-test-"));

/** The whole program with a recorded terminal: what an operator types in, what she sees out. */
export async function vtdoctor(argv: readonly string[], typed: Typed = {}): Promise<Said> {
  const said = { out: "", err: "" };
  const context: Context = {
    clock: typed.clock ?? { now: () => Date.UTC(2026, 10, 25), sleep: async () => true },
    ids: (() => {
      let n = 0;
      return () => `test${n++}`;
    })(),
    env: typed.env ?? {},
    cwd: typed.cwd ?? emptyFolder(),
    version: "0.0.0-test",
    hostName: "host",
    userName: "operator",
    signal: new AbortController().signal,
    terminal: {
      out: (text) => {
        said.out += `${text}\n`;
      },
      note: (text) => {
        said.err += `${text}\n`;
      },
      progress: () => {},
      columns: 120,
      outIsTerminal: false,
      ask: async () => typed.answer ?? null,
    },
  };
  return { code: await run(argv, context), ...said };
}
