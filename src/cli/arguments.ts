import yargs, { type Argv } from "yargs";
import { type ExitName, UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import { type Option, shortsOf } from "../config/options.js";
import type { Command } from "./command.js";
import { helpText, usageOf } from "./help.js";

export type Parsed =
  | { readonly kind: "help"; readonly text: string; readonly exit: ExitName }
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly values: Readonly<Record<string, unknown>>;
    };

/** `--topo_global_root` as v19 spells it: the same flag. */
const dashed = (argument: string): string =>
  /^--[a-z0-9]+(_[a-z0-9]+)+(=|$)/.test(argument)
    ? argument.replace(/^[^=]*/, (name) => name.replaceAll("_", "-"))
    : argument;

/** Command line over `defaults` (environment over config file), checked by name; values are checked where they are used. */
export async function parseArguments(
  typed: readonly string[],
  commands: readonly Command[],
  defaults: Readonly<Record<string, unknown>>,
  version: string,
  columns: number,
): Promise<Parsed> {
  const argv = typed.map(dashed);
  if (argv.includes("--version") || /^(version|-V)$/.test(argv[0] ?? "") || argv.join(" ") === "-v")
    return { kind: "help", text: version, exit: "ok" };
  const topic = topicOf(argv, commands);
  if (topic !== null) return { kind: "help", text: helpText(topic, commands, columns), exit: "ok" };
  // A script whose command is empty must not go on as if it had run.
  if (argv.length === 0 && (defaults.format ?? "human") === "human")
    return { kind: "help", text: helpText(undefined, commands, columns), exit: "usage" };
  let chosen: Command | null = null;
  let parser = yargs().scriptName("vtdoctor").parserConfiguration({
    "camel-case-expansion": false,
    "dot-notation": false,
    "duplicate-arguments-array": true,
    "greedy-arrays": false,
    "parse-numbers": false,
    "parse-positional-numbers": false,
    "strip-aliased": true,
  });
  for (const command of commands) {
    parser = parser.command(
      // That one is missing is said by `checked`, in words of its own.
      command.usage.replaceAll("<", "[").replaceAll(">", "]"),
      false,
      (built) => addOptions(built, command.options),
      () => {
        chosen = command;
      },
    );
  }
  parser = parser
    .version(false)
    .help(false)
    .exitProcess(false)
    .fail((message, error) => {
      if (error && error.name !== "YError") throw error;
      throw new UsageError(`${(error?.message ?? message).split("\n")[0]}. See vtdoctor help.`);
    });
  return new Promise((resolve, reject) => {
    const settle = (error: unknown, values: Record<string, unknown>) => {
      if (error) return reject(error);
      try {
        resolve({ kind: "command", ...checked(chosen, values, argv, commands, defaults) });
      } catch (problem) {
        reject(problem);
      }
    };
    Promise.resolve(parser.parse(argv, {}, settle)).catch(reject);
  });
}

/** What `help TOPIC`, `COMMAND help` and `COMMAND --help` ask about, undefined for all of it; null: no help is asked for. */
function topicOf(argv: readonly string[], commands: readonly Command[]): string | undefined | null {
  const [first, second] = argv;
  if (first === "help") return second?.startsWith("-") ? undefined : second;
  if (argv.some((word) => word === "--help" || word === "-h"))
    return argv.find((word) => commands.some(({ name }) => name === word));
  return second === "help" ? first : null;
}

const unknownCommand = (name: string, commands: readonly Command[]): UsageError =>
  new UsageError(
    `Unknown command "${name}".${didYouMean(
      name,
      commands.map((each) => each.name),
    )} See vtdoctor help.`,
  );

function checked(
  command: Command | null,
  values: Record<string, unknown>,
  argv: readonly string[],
  commands: readonly Command[],
  defaults: Readonly<Record<string, unknown>>,
) {
  const [first, ...rest] = (values._ as unknown[]).map(String);
  if (command === null) {
    if (first !== undefined) throw unknownCommand(first, commands);
    const names = commands.map((each) => each.name);
    throw new UsageError(`A command is missing: one of ${names.join(", ")}. See vtdoctor help.`);
  }
  const { name, options, usage } = command;
  if (rest.length > 0)
    throw new UsageError(`${name}: "${rest[0]}" is one argument too many. See vtdoctor help ${name}.`);
  const positionals = [...usage.matchAll(/[<[](\w+)(?:\.\.)?[>\]]/g)].map((match) => match[1] ?? "");
  const known = [...Object.keys(options), ...positionals, "_", "$0"];
  for (const given of Object.keys(values)) {
    if (!known.includes(given)) {
      const flag = given.length === 1 ? `-${given}` : `--${given}`;
      throw new UsageError(`${flag}: is no flag of ${name}.${didYouMean(given, Object.keys(options))}`);
    }
  }
  for (const [, positional = ""] of usage.matchAll(/<(\w+)>/g)) {
    if (values[positional] === undefined)
      throw new UsageError(
        `${name}: ${positional.toUpperCase()} is missing: vtdoctor ${usageOf(usage)}. See vtdoctor help ${name}.`,
      );
  }
  for (const [option, { type, choices, short }] of Object.entries(options)) {
    if (type === "boolean") refuseValue([`--${option}`, `-${short}`], argv);
    else if ([values[option]].flat().includes(""))
      throw new UsageError(
        `--${option}: needs a value${choices === undefined ? "" : `, one of ${choices.join(", ")}`}. See vtdoctor help ${name}.`,
      );
  }
  return { command, values: merged(options, values, defaults) };
}

/** yargs takes `--dry-run=yes` for false, and would run the plan. */
function refuseValue(flags: readonly string[], argv: readonly string[]): void {
  for (const word of argv) {
    const [flag = "", ...value] = word.split("=");
    const given = value.join("=");
    if (flags.includes(flag) && word !== flag && given !== "true" && given !== "false")
      throw new UsageError(`${flag}: takes no value, and "${given}" is given; leave it out.`);
  }
}

/** Command line > environment > config file > the option's default. */
function merged(
  options: Readonly<Record<string, Option>>,
  values: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const all: Record<string, unknown> = { ...values };
  for (const [name, option] of Object.entries(options)) {
    const value = all[name] ?? defaults[name] ?? option.default;
    if (value === undefined) continue;
    if (option.choices !== undefined && !option.choices.includes(String(value))) {
      throw new UsageError(
        `--${name}: "${value}" must be one of ${option.choices.join(", ")}.${didYouMean(String(value), option.choices)}`,
      );
    }
    all[name] = value;
  }
  return all;
}

function addOptions<T>(parser: Argv<T>, options: Readonly<Record<string, Option>>): Argv<T> {
  let built = parser;
  for (const [name, option] of Object.entries(options))
    built = built.option(name, {
      type: option.type === "boolean" ? "boolean" : "string",
      // From yargs' own help, which it lays out at each start and nobody sees.
      hidden: true,
    }) as Argv<T>;
  for (const [short, name] of shortsOf(options)) built = built.alias(name, short);
  return built;
}
