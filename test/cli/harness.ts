import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../src/cli/command.js";
import { simulatedBackend } from "../../src/cli/commands/demo.js";
import { network, run } from "../../src/cli/main.js";
import type { Clock } from "../../src/cluster/clock.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { recordedFacts } from "../sim/recorded-facts.js";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Typed {
  readonly env?: NodeJS.ProcessEnv;
  readonly isRoot?: boolean;
  readonly cwd?: string;
  readonly answer?: string | null;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly killed?: AbortSignal;
  readonly outIsTerminal?: boolean;
  readonly columns?: number;
  /** Instead of the network. */
  readonly cluster?: SimCluster;
  /** Sees each line on stderr as it comes. */
  readonly onNote?: (line: string) => void;
}

/** Gone with everything else after the tests (test/scratch.ts). */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "vtdoctor-test-"));

let made = 0;

/** A terminal that records, in a context of its own. */
export function contextOf(typed: Typed): {
  readonly context: Context;
  readonly said: { out: string; err: string };
} {
  const said = { out: "", err: "" };
  const context: Context = {
    clock: typed.clock ??
      typed.cluster?.clock ?? {
        now: () => Date.UTC(2026, 10, 25),
        steady: () => 0,
        sleep: async () => true,
        after: () => () => {},
      },
    ids: () => `test${made++}`,
    // A state of its own: no command remembers another, unless a test wants it to.
    env: { XDG_STATE_HOME: join(process.env.XDG_STATE_HOME ?? "", randomUUID()), ...typed.env },
    cwd: typed.cwd ?? emptyFolder(),
    version: "0.0.0-test",
    hostName: "host",
    userName: "operator",
    isRoot: typed.isRoot ?? false,
    signal: typed.signal ?? new AbortController().signal,
    killed: typed.killed ?? new AbortController().signal,
    recordings: recordedFacts,
    backend: typed.cluster === undefined ? network : simulatedBackend(typed.cluster),
    terminal: {
      out: (text) => {
        said.out += text.endsWith("\n") ? text : `${text}\n`;
      },
      note: (text) => {
        said.err += `${text}\n`;
        typed.onNote?.(text);
      },
      progress: () => {},
      columns: typed.columns ?? 120,
      outIsTerminal: typed.outIsTerminal ?? false,
      ask: async (question) => {
        if (typed.answer === undefined || typed.answer === null) return null;
        said.err += `${question}\n`;
        return typed.answer;
      },
    },
  };
  return { context, said };
}

/** The whole program with a recorded terminal: what an operator types in, what she sees out. */
export async function vtdoctor(argv: readonly string[], typed: Typed = {}): Promise<Said> {
  const { context, said } = contextOf(typed);
  return { code: await run(argv, context), ...said };
}

/** Types at a simulated cluster: the connection flags, and one folder for everything. */
export function operatorAt(cluster: SimCluster, folder = emptyFolder()) {
  const connection = [
    ...["--topo-global-server-address", cluster.topology.global.etcd.server],
    ...["--topo-global-root", cluster.topology.global.root],
  ];
  const type = (line: string, typed: Typed = {}): Promise<Said> =>
    vtdoctor([...line.split(" "), ...connection], { cluster, cwd: folder, ...typed });
  return {
    folder,
    type,
    /** With the runs in the folder. */
    write: (line: string, typed: Typed = {}) => type(`${line} --run-dir ${join(folder, "runs")}`, typed),
  };
}

/** A running Reshard c2 on a simulated Vitess 19, cancelled by Vitess itself a minute ago. */
export function seed(): SimCluster {
  const cluster = reshardingLab({ version: "19.0.10" });
  cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
  cluster.clock.advance(60_000);
  return cluster;
}
