import { EXIT, type ExitName, UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import { type Option, shortsOf } from "../config/options.js";
import { wrapped } from "../report/text.js";
import type { Command } from "./command.js";

const ABOUT =
  "Finds and repairs the drift between a Vitess topology and the tablets that are really running.";

const EXITS: Readonly<Record<ExitName, string>> = {
  ok: "complete scan, nothing confirmed at or above --fail-on; or repair done and verified",
  findings: "confirmed findings; a plan that is not empty; a repair that left something undone",
  usage: "flags, config, rule or plan file, unknown keyspace or workflow; nothing was changed",
  incomplete: "something that was needed did not answer",
  refused: "unsafe, stale or foreign plan, lock held, limit, no confirmation; nothing more was changed",
  interrupted: "stopped part-way; vtdoctor resume RUN goes on",
  unverified: "every step ran, and the new scan does not confirm it",
  internal: "a bug in vtdoctor; a report was saved",
};

/** More than this makes lines that nobody reads. */
const WIDEST = 100;

/** `vtdoctor help [TOPIC]` at a terminal of so many columns. Throws UsageError for an unknown topic. */
export function helpText(topic: string | undefined, commands: readonly Command[], columns: number): string {
  const width = Math.min(columns, WIDEST);
  if (topic === undefined) return general(commands, width);
  if (topic === "connection") return connection(commands, width);
  if (topic === "exit-codes") return exitCodes(width);
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return ofCommand(command, width);
  const topics = [...commands.map(({ name }) => name), "connection", "exit-codes"];
  throw new UsageError(`Unknown command "${topic}".${didYouMean(topic, topics)} See vtdoctor help.`);
}

function general(commands: readonly Command[], width: number): string {
  return paragraphs(
    wrapped(ABOUT, width, ""),
    examples(
      [
        ["vtdoctor scan --topo-global-server-address etcd-1:2379", "what is wrong; changes nothing"],
        ["vtdoctor fix --all --dry-run --out plan.json", "the plan of every repair, and nothing else yet"],
        ["vtdoctor fix --plan plan.json", "exactly that plan, after a question"],
        ["vtdoctor demo", "all of it on a simulated cluster"],
      ],
      width,
    ),
    section("Commands", columnsOf(commands.map(({ name, about }) => [name, about])), width),
    more(["vtdoctor help COMMAND", "vtdoctor help connection", "vtdoctor help exit-codes"], width),
  );
}

function ofCommand({ usage, about, options, examples: shown }: Command, width: number): string {
  const inGroup = (...groups: readonly Option["group"][]) => flagsOf(options, groups);
  const connections = Object.values(options).filter(({ group }) => group === "Connection").length;
  return paragraphs(
    wrapped(`${about.slice(0, 1).toUpperCase()}${about.slice(1)}.`, width, ""),
    wrapped(`vtdoctor ${usageOf(usage)}`, width, "  "),
    examples(shown, width),
    section("Options", inGroup("Writing"), width),
    section("What is looked at", inGroup("Selection"), width),
    section("Output", inGroup("Output"), width),
    more(
      [
        ...(connections === 0 ? [] : [`Connection (${connections} more): vtdoctor help connection`]),
        "Exit codes: vtdoctor help exit-codes",
      ],
      width,
    ),
  );
}

/** `fix [findings..]`, as a person writes it. */
export const usageOf = (usage: string): string =>
  `${usage.replace(/[<[](\w+)(\.\.)?[>\]]/g, (all, name: string, many?: string) => {
    const word = `${name.toUpperCase()}${many === undefined ? "" : " ..."}`;
    return all.startsWith("[") ? `[${word}]` : word;
  })} [OPTIONS]`;

function connection(commands: readonly Command[], width: number): string {
  const all = Object.assign({}, ...commands.map(({ options }) => options));
  return paragraphs(
    wrapped(
      "How a cluster is reached, for every command that looks at one. Better kept in vtdoctor.yaml (here or in a folder above) or in the environment (VTDOCTOR_TOPO_GLOBAL_ROOT) than typed each time. Underscores are taken too: Vitess's TOPOLOGY_FLAGS work as they are.",
      width,
      "",
    ),
    section("Connection", flagsOf(all, ["Connection"]), width),
  );
}

const exitCodes = (width: number): string =>
  section(
    "Exit codes",
    columnsOf(
      Object.entries(EXIT).map(([name, code]) => [`${code}  ${name}`, EXITS[name as ExitName]] as const),
    ),
    width,
  );

type Row = readonly [left: string, right: string];

interface Columns {
  readonly rows: readonly Row[];
  /** Of the left column. */
  readonly widest: number;
}

const columnsOf = (rows: readonly Row[]): Columns => ({
  rows,
  widest: Math.max(0, ...rows.map(([left]) => left.length)),
});

function flagsOf(options: Readonly<Record<string, Option>>, groups: readonly Option["group"][]): Columns {
  const shorts = new Map([...shortsOf(options)].map(([short, name]) => [name, short]));
  return columnsOf(
    Object.entries(options)
      .filter(([, { group }]) => groups.includes(group))
      .map(([name, option]) => {
        const short = shorts.get(name);
        return [
          `${short === undefined ? "   " : `-${short},`} --${name}${placeholderOf(option)}`,
          aboutOf(option),
        ];
      }),
  );
}

const VALUES = { string: "TEXT", strings: "NAME", number: "N", duration: "TIME" } as const;

const placeholderOf = ({ type, value }: Option): string =>
  type === "boolean" ? "" : ` ${value ?? VALUES[type]}`;

const aboutOf = ({ about, choices, default: usual }: Option): string => {
  const words = choices === undefined ? about : `${about}: ${choices.join(", ")}`;
  return usual === undefined || usual === false ? words : `${words} (${usual})`;
};

/** Two columns; the right one under the left where it would be too narrow to read. */
function section(title: string, { rows, widest }: Columns, width: number): string {
  if (rows.length === 0) return "";
  const start = Math.min(widest, LONGEST_LEFT) + 4;
  const besides = width - start >= NARROWEST_RIGHT;
  const lines = rows.map(([left, right]) => {
    const fits = besides && left.length + 4 <= start;
    const text = wrapped(right, width, " ".repeat(besides ? start : 8));
    return fits ? `  ${left.padEnd(start - 2)}${text.trimStart()}` : `  ${left}\n${text}`;
  });
  return [`${title}:`, ...lines].join("\n");
}

const LONGEST_LEFT = 32;
const NARROWEST_RIGHT = 30;

/** A command is never broken, so that it can be pasted. */
function examples(shown: readonly Row[], width: number): string {
  const start = Math.max(...shown.map(([typed]) => typed.length)) + 5;
  const besides = shown.every(([, does]) => start + does.length <= width);
  return shown
    .map(([typed, does]) =>
      besides ? `  ${typed.padEnd(start - 2)}${does}` : `  ${typed}\n${wrapped(does, width, "      ")}`,
    )
    .join("\n");
}

const more = (lines: readonly string[], width: number): string =>
  lines.map((line) => wrapped(line, width, "")).join("\n");

const paragraphs = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n\n");
