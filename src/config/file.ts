import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { codeOf, UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import type { Suppression } from "../findings/suppression.js";
import { ALL_OPTIONS, CONSENT, type Option } from "./options.js";

export interface ConfigFile {
  readonly path: string | null;
  /** Option name to value, as the command line would give it. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly suppressions: readonly Suppression[];
}

const EMPTY: ConfigFile = { path: null, options: {}, suppressions: [] };

/** Reads `--config`, else `vtdoctor.yaml` here or in a folder above, else in the XDG config folder. */
export async function readConfig(
  given: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<ConfigFile> {
  const path = given ?? find(cwd, env);
  if (path === null) return EMPTY;
  const text = read(path, given !== undefined);
  if (given === undefined) refuseStrangers(path);
  return parseConfig(path, text);
}

/** It names commands to run and findings to hide: one that lies there by chance, as in a folder that all may write to, is not believed. */
function refuseStrangers(path: string): void {
  const { uid, mode } = statSync(path);
  const own = process.getuid?.() ?? uid;
  const why =
    uid !== own && uid !== 0
      ? `belongs to another user (uid ${uid})`
      : (mode & WORLD_WRITABLE) !== 0
        ? "can be written by every user"
        : null;
  if (why !== null)
    throw new UsageError(
      `${path}: was found here and ${why}, so it is not used; take that away, or name it with --config ${path} if you trust it.`,
    );
}

/** The bit of stat(2). Windows has none and shows it as it shows the owner's. */
const WORLD_WRITABLE = process.platform === "win32" ? 0 : 0o002;

function find(cwd: string, env: NodeJS.ProcessEnv): string | null {
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const path = join(dir, "vtdoctor.yaml");
    if (existsSync(path)) return path;
    if (dir === dirname(dir)) break;
  }
  const base = env.XDG_CONFIG_HOME ?? (env.HOME === undefined ? null : join(env.HOME, ".config"));
  const path = base === null ? null : join(base, "vtdoctor", "vtdoctor.yaml");
  return path !== null && existsSync(path) ? path : null;
}

function read(path: string, named: boolean): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const what = named ? `--config ${path}` : path;
    throw new UsageError(
      `${what}: can not be read (${codeOf(error)}); give the path of a readable YAML file.`,
    );
  }
}

async function parseConfig(path: string, text: string): Promise<ConfigFile> {
  // Loaded where there is a file to parse: it is a good part of the time that a start takes.
  const { parse, YAMLParseError } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line;
    throw new UsageError(
      `${path}${line === undefined ? "" : `:${line}`}: is no valid YAML: ${error.message.split("\n")[0]}`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${path}: must be a mapping of option names to values.`);
  }
  const { suppressions, ...options } = value as Record<string, unknown>;
  for (const [name, given] of Object.entries(options)) checkOption(path, name, given);
  return { path, options, suppressions: readSuppressions(path, suppressions) };
}

function checkOption(path: string, name: string, given: unknown): void {
  if (name in CONSENT)
    throw new UsageError(`${path}: key "${name}" can only be typed, as --${name}; take it out of the file.`);
  const option = ALL_OPTIONS[name];
  if (option === undefined) {
    const known = [...Object.keys(ALL_OPTIONS), "suppressions"];
    throw new UsageError(`${path}: unknown key "${name}".${didYouMean(name, known)}`);
  }
  if (name === "config")
    throw new UsageError(`${path}: key "config" can not name another config file; give --config instead.`);
  const problem = typeProblem(option, given);
  if (problem !== null) throw new UsageError(`${path}: key "${name}" ${problem}.`);
}

function typeProblem(option: Option, given: unknown): string | null {
  switch (option.type) {
    case "boolean":
      return typeof given === "boolean" ? null : "must be true or false";
    case "number":
      return typeof given === "number" && given > 0 ? null : "must be a positive number";
    case "strings":
      return typeof given === "string" ||
        (Array.isArray(given) && given.every((each) => typeof each === "string"))
        ? null
        : "must be text or a list of texts";
    case "string":
    case "duration":
      if (typeof given !== "string") return "must be text";
      return option.choices === undefined || option.choices.includes(given)
        ? null
        : `must be one of ${option.choices.join(", ")}`;
  }
}

const KEYS = ["finding", "reason", "until"];

function readSuppressions(path: string, given: unknown): readonly Suppression[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw new UsageError(`${path}: key "suppressions" must be a list.`);
  return given.map((entry, index) => readOne(`${path}: suppressions[${index}]`, entry));
}

function readOne(where: string, entry: unknown): Suppression {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    throw new UsageError(`${where}: must have finding, reason and until.`);
  const fields = entry as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    if (!KEYS.includes(key)) throw new UsageError(`${where}: unknown key "${key}".${didYouMean(key, KEYS)}`);
  }
  const { finding, reason, until } = fields;
  if (typeof finding !== "string" || finding === "")
    throw new UsageError(`${where}: finding must be a finding's or a rule's id.`);
  if (typeof reason !== "string" || reason === "")
    throw new UsageError(`${where}: reason must say why ${finding} is accepted.`);
  const time = typeof until === "string" ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(`${where}: until must be a date like 2027-01-31: a suppression expires.`);
  return { finding, reason, until: time };
}
