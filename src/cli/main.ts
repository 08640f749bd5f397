import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { DoctorError, EXIT, type ExitName, UsageError } from "../cluster/errors.js";
import { readEnvironment } from "../config/environment.js";
import { readConfig } from "../config/file.js";
import { Given } from "../config/settings.js";
import { parseArguments } from "./arguments.js";
import { randomIds, systemClock } from "./clock.js";
import { COMMANDS } from "./commands.js";
import type { Context } from "./context.js";
import { failure } from "./failure.js";
import { interruptible } from "./interrupt.js";
import { processTerminal } from "./terminal.js";

/** Runs the command line of this process, and ends it with the exit code. */
export async function main(process: NodeJS.Process): Promise<void> {
  const context: Context = {
    clock: systemClock,
    ids: randomIds,
    env: process.env,
    cwd: process.cwd(),
    version: packageVersion(),
    hostName: hostname(),
    userName: userInfo().username,
    signal: interruptible(process),
    terminal: processTerminal(process),
  };
  const code = await run(process.argv.slice(2), context);
  // Connections that are still open must not keep the process; what was written must be out first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

/** The whole program as a function, for tests: never throws. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  const format = formatTyped(argv);
  try {
    const config = readConfig(flagTyped(argv, "config"), context.cwd, context.env);
    const defaults = { ...config.options, ...readEnvironment(context.env) };
    const parsed = await parseArguments(argv, COMMANDS, defaults, context.version);
    if (parsed.kind === "help") {
      context.terminal.out(parsed.text);
      return EXIT.ok;
    }
    const { run: command } = await parsed.command.load();
    const typed = ["vtdoctor", ...argv].join(" ");
    const given = new Given(parsed.values);
    return await command({ given, suppressions: config.suppressions, context, typed });
  } catch (error) {
    const exit: ExitName = error instanceof DoctorError ? error.exit : "internal";
    return failure(exit, error, format, context);
  }
}

/** Known before the arguments are: an error in them must still come out in the format that was asked for. */
const formatTyped = (argv: readonly string[]): string => flagTyped(argv, "format") ?? "human";

function flagTyped(argv: readonly string[], name: string): string | undefined {
  const at = argv.findIndex((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  const argument = argv[at] ?? "";
  const value = argument.includes("=") ? argument.slice(argument.indexOf("=") + 1) : argv[at + 1];
  if (value === undefined && name === "config")
    throw new UsageError("--config: needs the path of a YAML file.");
  return value;
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}
