import { existsSync, readdirSync } from "node:fs";
import type { Source } from "../architecture/sources.js";

/** The modules of `src` by path, as `sources()` reads them. */
export type House = ReadonlyMap<string, Source>;

export interface Sizes {
  readonly files: number;
  readonly lines: number;
  readonly median: number;
  readonly p90: number;
  readonly longest: number;
  /** Share of files with at most 20 lines, in percent. */
  readonly crumbs: number;
  /** Share of files that exactly one other file imports, in percent. */
  readonly oneImporter: number;
  /** Share of lines that are import statements, in percent. */
  readonly importLines: number;
}

/** What people wrote: without what a generator writes. */
const written = (house: House): readonly Source[] =>
  [...house.values()].filter(({ path }) => !/(^|\/)gen\//.test(path));

export function sizes(house: House, folder = ""): Sizes {
  const importers = importersOf(house);
  const files = written(house).filter(({ path }) => path.startsWith(folder));
  const lengths = files.map(({ text }) => lineCount(text)).sort((a, b) => a - b);
  const lines = lengths.reduce((sum, length) => sum + length, 0);
  const at = (share: number): number => lengths[Math.floor((lengths.length - 1) * share)] ?? 0;
  const percent = (part: number, whole: number): number => Math.round((1000 * part) / whole) / 10;
  return {
    files: files.length,
    lines,
    median: at(0.5),
    p90: at(0.9),
    longest: at(1),
    crumbs: percent(lengths.filter((length) => length <= 20).length, files.length),
    oneImporter: percent(files.filter(({ path }) => importers.get(path)?.size === 1).length, files.length),
    importLines: percent(
      files.reduce((sum, { text }) => sum + importLineCount(text), 0),
      lines,
    ),
  };
}

const lineCount = (text: string): number => text.split("\n").length - 1;

const importLineCount = (text: string): number =>
  [...text.matchAll(/^import\b[^;]*;/gm)].reduce((sum, [statement]) => sum + statement.split("\n").length, 0);

function importersOf(house: House): ReadonlyMap<string, ReadonlySet<string>> {
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of house.values())
    for (const { to } of imports) importers.set(to, (importers.get(to) ?? new Set()).add(path));
  return importers;
}

/** Files below `within` that somebody opens who reads `path` to its ground: what it imports, types too, and what that imports. */
export function ground(house: House, path: string, within: string): readonly string[] {
  const seen = new Set<string>();
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next) || !next.startsWith(within)) continue;
    seen.add(next);
    open.push(...(house.get(next)?.imports ?? []).map(({ to }) => to));
  }
  return [...seen].sort();
}

/**
 * Files that somebody opens who follows the settings of one scan from `collect()` to the port through which a tablet is called: whatever
 * the way to the tablets imports in its wing, types too, with both of its ends.
 */
export const wayToATablet = (house: House): readonly string[] => [
  ...new Set([
    "collect/collect.ts",
    ...ground(house, "collect/tablets/tablet-facts.ts", "collect/"),
    "tablets/access.ts",
  ]),
];

/** Groups of files that import each other, types included (Tarjan's strongly connected components of more than one file). */
export function circles(house: House): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    low.set(path, order.size - 1);
    stack.push(path);
    for (const { to } of house.get(path)?.imports ?? []) {
      if (!house.has(to)) continue;
      if (!order.has(to)) visit(to);
      if (stack.includes(to)) low.set(path, Math.min(low.get(path) ?? 0, low.get(to) ?? 0));
    }
    if (low.get(path) !== order.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const path of house.keys()) if (!order.has(path)) visit(path);
  return found;
}

/** Files of `src` that name something: what a person touches, or at least must read, to add another of its kind. */
export const naming = (house: House, name: RegExp): readonly string[] =>
  written(house)
    .filter(({ text }) => name.test(withoutComments(text)))
    .map(({ path }) => path)
    .sort();

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

/** Base names that several files of one wing (first folder) have: a search by file name finds the wrong one. */
export function sameNames(house: House): readonly string[] {
  const byName = new Map<string, string[]>();
  for (const { path } of written(house)) {
    const name = `${path.split("/")[0]}: ${path.slice(path.lastIndexOf("/") + 1)}`;
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  return [...byName].filter(([, paths]) => paths.length > 1).map(([name]) => name);
}

/** Citations in `src` of documents that the repository does not have. */
export function deadCitations(house: House): readonly string[] {
  const here = new Set(existsSync("docs") ? readdirSync("docs", { recursive: true, encoding: "utf8" }) : []);
  return written(house).flatMap(({ path, text }) => {
    const old = text.match(
      /\bdesign (section|D)\s?\d+|\bpromise P\d+|`(topology-and-wire|cancel-path|verified|sidecar-and-vreplication|drift-catalogue|anchors)\.md`/g,
    );
    const links = [...text.matchAll(/\bdocs\/([\w./-]+\.md)/g)].filter(([, file = ""]) => !here.has(file));
    return [...(old ?? []), ...links.map(([link]) => link)].map((what) => `${path}: ${what}`);
  });
}
