import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { DoctorError, EXIT, type ExitName, UsageError } from "../cluster/errors.js";
import { readEnvironment } from "../config/environment.js";
import { readConfig } from "../config/file.js";
import { COMMON, shortsOf } from "../config/options.js";
import { Given } from "../config/settings.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { parseArguments } from "./arguments.js";
import { randomIds, systemClock } from "./clock.js";
import type { Backend, Context } from "./command.js";
import { COMMANDS } from "./commands.js";
import { failure, tryOutputs, type Wanted } from "./output.js";
import { interruptible, processTerminal } from "./process.js";

/** Each side is loaded when it is asked for: `scan` never loads what can write. */
export const network: Backend = {
  sources: async (...how) => (await import("./network/read-side.js")).networkReadSide(...how),
  ports: async (...how) => (await import("./network/write-side.js")).networkWriteSide(...how),
};

const withoutRecordings: Context["recordings"] = async () => () => null;

/** Runs the command line of this process, and ends it with the exit code. The repository gives in its recorded clusters. */
export async function main(process: NodeJS.Process, recordings = withoutRecordings): Promise<void> {
  withoutIpServerNames(process);
  const context: Context = {
    clock: systemClock,
    ids: randomIds,
    env: process.env,
    cwd: process.cwd(),
    version: packageVersion(),
    hostName: hostname(),
    userName: userNameOf(process.env, process.getuid?.()),
    isRoot: process.getuid?.() === 0,
    ...interruptible(process),
    terminal: processTerminal(process),
    backend: network,
    recordings,
  };
  const argv = process.argv.slice(2);
  // Node would end the process with 1, which means findings.
  process.on("uncaughtException", (error) =>
    process.exit(failure("internal", error, wantedBy(argv), context)),
  );
  const code = await run(argv, context);
  // Connections that are still open must not keep the process; what was written must be out first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

/**
 * Node warns (DEP0123) whenever grpc-js opens TLS to a server that is named by its IP address, as etcd mostly is. The
 * certificate is checked all the same, so an operator has nothing to do about it; every other warning stays.
 */
export function withoutIpServerNames(process: Pick<NodeJS.Process, "emitWarning">): void {
  const emit = process.emitWarning.bind(process) as (...all: readonly unknown[]) => void;
  process.emitWarning = (...all: readonly unknown[]) => {
    const [, type, code] = all;
    if (type === "DeprecationWarning" && code === "DEP0123") return;
    emit(...all);
  };
}

/** For locks and journals. The UID of a container (OpenShift, `runAsUser`) may have no passwd entry, and then the system knows no name. */
function userNameOf(env: NodeJS.ProcessEnv, uid: number | undefined): string {
  try {
    return userInfo().username;
  } catch {
    return env.USER || `uid:${uid}`;
  }
}

/** The whole program as a function, for tests: never throws. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  // Known before the arguments are: an error in them must still come out as it was asked for.
  let { format, output } = wantedBy(argv);
  const opened: Snapshot[] = [];
  try {
    const environment = readEnvironment(context.env);
    format ??= textOf(environment.format);
    output ??= textOf(environment.output);
    const config = await readConfig(configTyped(argv), context.cwd, context.env);
    const defaults = { ...config.options, ...environment };
    format ??= textOf(defaults.format);
    output ??= textOf(defaults.output);
    const parsed = await parseArguments(argv, COMMANDS, defaults, context.version, context.terminal.columns);
    if (parsed.kind === "help") {
      context.terminal.out(parsed.text);
      return EXIT[parsed.exit];
    }
    const given = new Given(parsed.values);
    tryOutputs(given);
    const { run: command } = await parsed.command.load();
    const typed = ["vtdoctor", ...argv].join(" ");
    const closesAtEnd = (snapshot: Snapshot): Snapshot => {
      opened.push(snapshot);
      return snapshot;
    };
    const { suppressions } = config;
    return await command({ given, suppressions, context, typed, closesAtEnd, vtdoctor: run });
  } catch (error) {
    const exit: ExitName = error instanceof DoctorError ? error.exit : "internal";
    return failure(exit, error, { format, output }, context);
  } finally {
    for (const snapshot of opened) snapshot.close();
  }
}

/** The value of `--name VALUE`, `--name=VALUE`, `-n VALUE` and so on, without knowing the other flags; null where the flag ends the line. */
function valueAfter(argv: readonly string[], name: string, short?: string): string | null | undefined {
  const flag = `--${name}`;
  const at = argv.findIndex(
    (word) =>
      word === flag ||
      word.startsWith(`${flag}=`) ||
      (short !== undefined && /^-[^-]/.test(word) && word[1] === short),
  );
  const word = argv[at];
  if (word === undefined) return undefined;
  if (word.includes("=")) return word.slice(word.indexOf("=") + 1);
  return word !== flag && word.length > 2 ? word.slice(2) : (argv[at + 1] ?? null);
}

function wantedBy(argv: readonly string[]): Wanted {
  const command = COMMANDS.find(({ name }) => argv.includes(name));
  const typed = (name: string) => {
    const [short] = [...shortsOf(command?.options ?? COMMON)].find(([, option]) => option === name) ?? [];
    return valueAfter(argv, name, short) ?? undefined;
  };
  return { format: typed("format"), output: typed("output") };
}

function configTyped(argv: readonly string[]): string | undefined {
  const path = valueAfter(argv, "config");
  if (path === null || path === "") throw new UsageError("--config: needs the path of a YAML file.");
  return path;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}
