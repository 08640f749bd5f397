/** The ports in a vttablet's own command line; null where it does not name one. Dashes from v23 on, underscores before. */
export interface ProcessPorts {
  readonly grpc: number | null;
  readonly http: number | null;
}

export const portsOf = (commandLine: readonly string[]): ProcessPorts => ({
  grpc: flag(commandLine, "grpc_port"),
  http: flag(commandLine, "port"),
});

function flag(commandLine: readonly string[], name: string): number | null {
  for (const [index, argument] of commandLine.entries()) {
    const [, given, value] = /^--?([\w-]+)(?:=(.*))?$/.exec(argument) ?? [];
    if (given?.replaceAll("-", "_") !== name) continue;
    const port = Number(value ?? commandLine[index + 1]);
    return Number.isInteger(port) ? port : null;
  }
  return null;
}
