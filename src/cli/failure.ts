import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DoctorError, EXIT, type ExitName } from "../cluster/errors.js";
import { envelope } from "../findings/envelope.js";
import { formatNamed } from "../report/formats.js";
import type { Context } from "./context.js";
import { UndeliveredError } from "./output.js";

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
