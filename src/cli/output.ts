import { writeFileSync } from "node:fs";
import { UsageError } from "../cluster/errors.js";
import type { Request } from "./command.js";

/** The result: to `--output FILE`, else to stdout. */
export function emit({ given, context }: Request, text: string): void {
  const path = given.text("output");
  if (path === undefined) {
    context.terminal.out(text);
    return;
  }
  try {
    writeFileSync(path, text.endsWith("\n") ? text : `${text}\n`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(
      `--output ${path}: can not be written (${code}); give a path in a folder that exists.`,
    );
  }
}

export const emitJson = (request: Request, document: unknown): void =>
  emit(request, JSON.stringify(document, null, 2));

/** chalk's level for stdout: `--color`, then NO_COLOR and FORCE_COLOR, then whether it is a terminal. */
export function colorLevel({ given, context }: Request): 0 | 1 {
  const asked = given.choice("color");
  if (asked !== undefined) return asked ? 1 : 0;
  const { NO_COLOR, FORCE_COLOR } = context.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return 0;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0") return 1;
  return context.terminal.outIsTerminal && given.text("output") === undefined ? 1 : 0;
}
