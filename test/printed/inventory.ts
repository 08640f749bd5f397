import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { commandsIn } from "./commands.js";

/**
 * Every command that vtdoctor can print about a cluster, as `where: shape`: the id of the rule, or the path of the source. Help and usage
 * are not of it: test/cli/help.test.ts reads those.
 */
export function inventory(): readonly string[] {
  return [...new Set([...ofRules(), ...ofSource()])].toSorted();
}

const files = (dir: string, end: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(end))
    .map((path) => join(dir, path));

const ofRules = (): readonly string[] =>
  files("rules", ".yaml").flatMap((path) => {
    const { id, examples: _, messages: _messages, ...rule } = parse(readFileSync(path, "utf8"));
    return strings(rule).flatMap((text) => commandsIn(text).map(({ shape }) => `${id}: ${shape}`));
  });

const strings = (value: unknown): readonly string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(strings)
      : [];

/** Usage, help and the demo say commands of vtdoctor in general. */
const GENERAL = /^src\/(sim|cli\/(commands|help|arguments|demo))\b|^src\/cli\/commands\//;

const ofSource = (): readonly string[] =>
  files("src", ".ts")
    .filter((path) => !GENERAL.test(path))
    .flatMap((path) =>
      literals(readFileSync(path, "utf8")).flatMap((text) =>
        commandsIn(text).map(({ shape }) => `${path.replace(/\.ts$/, "")}: ${shape}`),
      ),
    );

/** The strings of a source, without its comments. An escaped backtick is one of the text. */
const literals = (source: string): readonly string[] =>
  source
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .split("\n")
    .filter((line) => !/^\s*\/\//.test(line))
    .map((line) =>
      line
        .replaceAll("\\`", "\u0001")
        .replaceAll("`", "\n")
        .replaceAll("\u0001", "`")
        .replaceAll(/"(?=[,;)\s]|$)|(?<=[\s([])"/g, "\n"),
    );
