/**
 * The value of a flag on a Go command line: `--flag value` or `--flag=value`, one dash or two, dashes or v19's underscores.
 * Empty where it is not given (it may stand in a configuration file).
 */
export function flagValue(commandLine: readonly string[], flag: string): string {
  const pattern = new RegExp(`^--?${flag.replaceAll("-", "[-_]")}(?:=(.*))?$`, "s");
  for (const [index, argument] of commandLine.entries()) {
    const match = pattern.exec(argument);
    if (match !== null) return match[1] ?? commandLine[index + 1] ?? "";
  }
  return "";
}

/** The command line with the values of flags that may be secrets (`--db_dba_password`) left out. */
export function withoutSecrets(commandLine: readonly string[]): readonly string[] {
  if (!commandLine.some((argument) => SECRET.test(argument))) return commandLine;
  return commandLine.map((argument, index) => {
    const [name, value] = splitFlag(argument);
    if (name !== null && value !== null && isSecret(name))
      return `${argument.slice(0, argument.indexOf("="))}=***`;
    const [before, valueBefore] = splitFlag(commandLine[index - 1] ?? "");
    return before !== null && valueBefore === null && isSecret(before) ? "***" : argument;
  });
}

const SECRET = /password|passwd|secret|token|credential/;

/** `--db-credentials-file` and the like name a file, which is no secret. */
const isSecret = (name: string): boolean => SECRET.test(name) && !/file|path|dir|mode|auth-static/.test(name);

function splitFlag(argument: string): readonly [string | null, string | null] {
  const match = /^--?([A-Za-z][^=]*)(?:=(.*))?$/s.exec(argument);
  return match?.[1] === undefined ? [null, null] : [match[1].replaceAll("_", "-"), match[2] ?? null];
}
