/**
 * A statement that names its run, so that it is found again in MySQL's processlist when the reply was lost: its caller's deadline ends the
 * call, and MySQL goes on. vttablet hands a statement on as it came where it does not name the sidecar database (v19 to v24
 * sqlparser/utils.go `ReplaceTableQualifiers`).
 */
export const marked = (run: string, statement: string): string => `/* vtdoctor run ${run} */ ${statement}`;

/** The run and the statement; null where it has no mark. */
export function readMark(text: string): { readonly run: string; readonly statement: string } | null {
  const [, run, statement] = /^\s*\/\* vtdoctor run (\S+) \*\/\s*(.*)$/s.exec(text) ?? [];
  return run === undefined || statement === undefined ? null : { run, statement };
}
