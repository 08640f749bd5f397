import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DoctorError, EXIT, type ExitName } from "../cluster/errors.js";
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
  const document = documentOf(exit, message, wanted.format, context.version);
  if (document !== null && !(error instanceof UndeliveredError)) leave(document, wanted.output, context);
  if (wanted.format === "nagios") return 3;
  context.terminal.note(`vtdoctor: ${message}`);
  return EXIT[exit];
}

function documentOf(
  exit: ExitName,
  message: string,
  format: string | undefined,
  version: string,
): string | null {
  if (format === "json") return JSON.stringify(failureDocument(exit, message, version), null, 2);
  return format === "nagios" ? `VTDOCTOR UNKNOWN: ${message.split("\n")[0]?.replaceAll("|", "/")}` : null;
}

function leave(document: string, path: string | undefined, context: Context): void {
  try {
    if (path === undefined) context.terminal.out(document);
    else writeFileSync(path, `${document}\n`);
  } catch {
    // The file can not be written, which may be the very error that is told here.
    context.terminal.out(document);
  }
}

const failureDocument = (exit: ExitName, message: string, version: string) => ({
  vtdoctor: { version, schema: 1 },
  exit: { code: EXIT[exit], name: exit, reasons: [message] },
});

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
