import { paintWith, type Style } from "./style.js";
import { printable, wrapped } from "./text.js";

/** What of a run the list shows. */
export interface RunLine {
  readonly run: string;
  readonly startedAt: string | null;
  readonly by: readonly string[];
  readonly operation: string;
  readonly command: string;
  readonly result: string;
  readonly exit: string | null;
  readonly because: string | null;
  readonly steps: { readonly done: number; readonly all: number };
  readonly held: readonly {
    readonly keyspace: string;
    readonly shard: string;
    readonly alias: string;
    readonly schema: string;
    readonly tables: readonly string[];
  }[];
  readonly undo: { readonly possible: boolean; readonly because: string };
}

/** Oldest first: a head line a run, and under it what it was, holds and can be taken back. */
export const renderRuns = (
  runs: readonly RunLine[],
  damaged: readonly { readonly run: string; readonly reason: string }[],
  runDir: string,
  style: Style,
): string => {
  if (runs.length + damaged.length === 0) return `no runs in ${runDir} (--run-dir)`;
  const paint = paintWith(style);
  const widest = Math.max(0, ...runs.map(({ run }) => run.length));
  const row = (name: string, text: string) =>
    text === "" ? [] : [wrapped(`   ${name.padEnd(8)}${printable(text)}`, style.width, " ".repeat(11))];
  const told = runs.map((one) =>
    [
      `${paint.strong(one.run.padEnd(widest))}  ${one.startedAt ?? "not started"}  ${one.operation}  ${one.result}${one.exit === null ? "" : `, exit ${one.exit}`} (${one.steps.done} of ${one.steps.all} steps)`,
      ...row("who", one.by.join(", ")),
      ...row("what", one.command),
      ...row("why", one.because ?? ""),
      ...one.held.flatMap(({ keyspace, shard, alias, schema, tables }) =>
        row(
          "holds",
          `${tables.join(", ")} of ${keyspace}/${shard} in ${schema} (${alias}); vtdoctor purge ${one.run}`,
        ),
      ),
      ...row(
        "undo",
        one.undo.possible ? `vtdoctor undo ${one.run}: ${one.undo.because}` : `no: ${one.undo.because}`,
      ),
    ].join("\n"),
  );
  return [...told, ...damaged.map(({ run, reason }) => `${run}  damaged: ${reason}`)].join("\n\n");
};
