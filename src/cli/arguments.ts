import yargs, { type Argv, type Options } from "yargs";
import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { Option } from "../config/options.js";
import type { Command } from "./command.js";

export type Parsed =
  | { readonly kind: "help"; readonly text: string }
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
  argv: readonly string[],
  commands: readonly Command[],
  defaults: Readonly<Record<string, unknown>>,
  version: string,
): Promise<Parsed> {
  let chosen: Command | null = null;
  let parser = yargs().scriptName("vtdoctor").parserConfiguration({
    "camel-case-expansion": false,
    "dot-notation": false,
    "duplicate-arguments-array": true,
    "greedy-arrays": false,
    "parse-numbers": false,
    "parse-positional-numbers": false,
  });
  for (const command of commands) {
    parser = parser.command(
      command.usage,
      command.about,
      (built) => addOptions(built, command.options),
      () => {
        chosen = command;
      },
    );
  }
  parser = parser
    .usage(
      "$0 <command>\n\nFinds and repairs the drift between a Vitess topology and the tablets that are really running.",
    )
    .epilogue(
      "Exit codes: 0 ok, 1 findings, 2 usage, 3 incomplete, 4 refused, 5 interrupted, 6 unverified, 7 internal.",
    )
    .version(version)
    .help()
    .alias("help", "h")
    .wrap(110)
    .exitProcess(false)
    .fail((message, error) => {
      if (error) throw error;
      throw new UsageError(`${message.split("\n")[0]}. See vtdoctor --help.`);
    });
  return new Promise((resolve, reject) => {
    const settle = (error: unknown, values: Record<string, unknown>, output: string) => {
      if (error) return reject(error);
      if (output !== "") return resolve({ kind: "help", text: output });
      try {
        resolve({ kind: "command", ...checked(chosen, values, commands, defaults) });
      } catch (problem) {
        reject(problem);
      }
    };
    Promise.resolve(parser.parse([...argv].map(dashed), {}, settle)).catch(reject);
  });
}

function checked(
  command: Command | null,
  values: Record<string, unknown>,
  commands: readonly Command[],
  defaults: Readonly<Record<string, unknown>>,
) {
  const [first, ...rest] = (values._ as unknown[]).map(String);
  const names = commands.map((each) => each.name);
  if (command === null) {
    if (first === undefined)
      throw new UsageError(`A command is missing: one of ${names.join(", ")}. See vtdoctor --help.`);
    throw new UsageError(`Unknown command "${first}".${didYouMean(first, names)} See vtdoctor --help.`);
  }
  if (rest.length > 0)
    throw new UsageError(
      `${command.name}: "${rest[0]}" is one argument too many. See vtdoctor ${command.name} --help.`,
    );
  const positionals = [...command.usage.matchAll(/[<[](\w+)(?:\.\.)?[>\]]/g)].map((match) => match[1] ?? "");
  const known = [...Object.keys(command.options), ...positionals, "_", "$0", "help", "h", "version"];
  for (const name of Object.keys(values)) {
    if (!known.includes(name)) {
      throw new UsageError(
        `--${name}: is no flag of ${command.name}.${didYouMean(name, Object.keys(command.options))}`,
      );
    }
  }
  return { command, values: merged(command.options, values, defaults) };
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
    built = built.option(name, yargsOption(option)) as Argv<T>;
  return built;
}

/** Defaults are only shown here; `merged` applies them after the environment and the config file. */
function yargsOption(option: Option): Options {
  const shown =
    option.default === undefined || option.default === false
      ? {}
      : { defaultDescription: String(option.default) };
  return {
    describe: option.choices === undefined ? option.about : `${option.about}: ${option.choices.join(", ")}`,
    group: `${option.group}:`,
    ...(option.type === "boolean"
      ? { type: "boolean" as const }
      : { type: "string" as const, requiresArg: true }),
    ...shown,
  };
}
