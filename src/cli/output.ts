import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { codeOf, DoctorError, EXIT, type ExitName, UsageError } from "../cluster/errors.js";
import type { Given } from "../config/settings.js";
import { envelope } from "../findings/envelope.js";
import { formatNamed } from "../report/formats.js";
import { renderJson } from "../report/json.js";
import type { Style } from "../report/style.js";
import type { Context, Request } from "./command.js";

/** The result of the work could not be left where it was wanted, though the place was tried before; it was printed instead. */
class UndeliveredError extends UsageError {}

/** For work that comes after the report, which must stay the only document on stdout. */
export function afterReport(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof UsageError ? new UndeliveredError(error.message) : error;
  }
}

/** `--output`, `--save-snapshot` and `--out`, before the work: a look at a large cluster is not to be lost to a misspelt folder. */
export function tryOutputs(given: Given): void {
  for (const [name, tried] of [
    ["output", appendable],
    ["save-snapshot", replaceable],
    ["out", replaceable],
  ] as const) {
    const path = given.text(name);
    if (path === undefined) continue;
    try {
      tried(path);
    } catch (error) {
      throw new UsageError(unwritable(name, path, error));
    }
  }
}

/** It is written in place, since it may be a device or a pipe. What was there stays until the result is. */
function appendable(path: string): void {
  const isNew = !existsSync(path);
  closeSync(openSync(path, "a"));
  if (isNew) rmSync(path);
}

/** It is written beside and renamed. */
function replaceable(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw Object.assign(new Error(), { code: "EISDIR" });
  rmdirSync(mkdtempSync(join(dirname(path), ".vtdoctor-")));
}

const unwritable = (name: string, path: string, error: unknown): string =>
  `--${name} ${path}: can not be written (${codeOf(error)}); give a path in a folder that exists and is yours.`;

/** The result: to `--output FILE`, else to stdout, and there too where the file fails after all. */
export function emit({ given, context }: Request, text: string): void {
  const path = given.text("output");
  if (path === undefined) {
    context.terminal.out(text);
    return;
  }
  try {
    writeFileSync(path, text.endsWith("\n") ? text : `${text}\n`);
  } catch (error) {
    context.terminal.out(text);
    throw new UndeliveredError(unwritable("output", path, error));
  }
}

/** `--format json`, of a command that has no other but for a person. */
export const asJson = ({ given }: Request): boolean => given.text("format") === "json";

export const emitJson = (request: Request, document: unknown): void => emit(request, renderJson(document));

/** chalk's level for stdout: `--color`, then NO_COLOR and FORCE_COLOR, then whether it is a terminal that knows them. */
function colorLevel({ given, context }: Request): 0 | 1 {
  const asked = given.choice("color");
  if (asked !== undefined) return asked ? 1 : 0;
  const { NO_COLOR, FORCE_COLOR, TERM } = context.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return 0;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0") return 1;
  const isSeen = context.terminal.outIsTerminal && given.text("output") === undefined;
  return isSeen && TERM !== "dumb" ? 1 : 0;
}

/** How the human report is to look here. */
export const styleOf = (request: Request): Style => ({
  color: colorLevel(request),
  width: Math.min(request.context.terminal.columns, 160),
  verbose: request.given.yes("verbose"),
});

export interface Wanted {
  readonly format: string | undefined;
  readonly output: string | undefined;
}

/**
 * Says in the wanted format that the command did not come to a result, and returns the exit code. The document goes where the result
 * would have gone, so that nobody takes an older one for it.
 */
export function failure(exit: ExitName, error: unknown, wanted: Wanted, context: Context): number {
  const message = error instanceof DoctorError ? error.message : bug(error, context);
  const format = formatNamed(wanted.format);
  const report = format.failure(envelope(context.version, exit, [message]));
  if (report !== null && !(error instanceof UndeliveredError)) leave(report.text, wanted.output, context);
  if (format.noted) context.terminal.note(`vtdoctor: ${message}`);
  return report?.code ?? EXIT[exit];
}

function leave(text: string, path: string | undefined, context: Context): void {
  try {
    if (path === undefined) context.terminal.out(text);
    else writeFileSync(path, text);
  } catch {
    // The file can not be written, which may be the very error that is told here.
    context.terminal.out(text);
  }
}

/** A bug of ours: what is needed to mend it goes to a file, a sentence to the operator. */
function bug(error: unknown, context: Context): string {
  const path = join(tmpdir(), `vtdoctor-report-${context.ids()}.txt`);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const report = `vtdoctor ${context.version}, Node ${process.versions.node}, ${process.platform}\n${new Date(context.clock.now()).toISOString()}\n\n${text}\n`;
  try {
    writeFileSync(path, report, { mode: 0o600 });
    return `internal error: ${firstLine(text)} This is a bug in vtdoctor; a report was saved in ${path}.`;
  } catch {
    return `internal error (the report could not be saved): ${text}`;
  }
}

const firstLine = (text: string): string => `${text.split("\n")[0]?.replace(/\.$/, "")}.`;
