import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DoctorError, EXIT, type ExitName } from "../cluster/errors.js";
import type { Context } from "./context.js";

/** Says in the wanted format that the command did not come to a result, and returns the exit code. */
export function failure(exit: ExitName, error: unknown, format: string, context: Context): number {
  const message = error instanceof DoctorError ? error.message : bug(error, context);
  if (format === "json")
    context.terminal.out(JSON.stringify(failureDocument(exit, message, context.version), null, 2));
  if (format === "nagios") {
    context.terminal.out(`VTDOCTOR UNKNOWN - ${message}`);
    return 3;
  }
  context.terminal.note(`vtdoctor: ${message}`);
  return EXIT[exit];
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
