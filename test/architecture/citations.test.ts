import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const WHERE = ["src", "test", "rules", "docs", "proto", "fixtures/recordings"];
const AT_ROOT = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
const TEXT = /\.(?:ts|mjs|sql|yaml|proto|md)$/;
/** This file has the old names in its patterns. */
const SELF = "test/architecture/citations.test.ts";

const paths = [
  ...AT_ROOT,
  ...WHERE.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name}`)
      .filter((path) => TEXT.test(path) && path !== SELF),
  ),
].sort();

const texts = new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));

interface Cited {
  readonly at: string;
  readonly groups: readonly (string | undefined)[];
  readonly path: string;
}

/** Every match of a pattern, with `file:line`. */
const cited = (pattern: RegExp, files: RegExp = /./): readonly Cited[] =>
  [...texts].flatMap(([path, text]) =>
    !files.test(path)
      ? []
      : [...text.matchAll(pattern)].map((match) => ({
          at: `${path}:${text.slice(0, match.index).split("\n").length}: ${match[0].replace(/\s+/g, " ")}`,
          groups: match.slice(1),
          path,
        })),
  );

/** The anchors of a Markdown file, as GitHub makes them of its headings. */
function anchorsOf(path: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const withoutCode = (texts.get(path) ?? "").replace(/^```[\s\S]*?^```/gm, "");
  return new Set(
    [...withoutCode.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = ""]) => {
      const slug = heading
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

const isDead = (file: string, anchor: string | undefined): boolean =>
  !texts.has(file) || (anchor !== undefined && !anchorsOf(file).has(anchor));

describe("every citation can be looked up", () => {
  it("docs/FILE.md#ANCHOR exists, wherever it is named", () => {
    const links = cited(
      /(?<![\w/.-])((?:docs\/[\w./-]*[\w-]|README|ARCHITECTURE|CONTRIBUTING)\.md)(?:#([\w-]+))?/g,
      /^(?!docs\/rules\/)/,
    );
    expect(links.length).toBeGreaterThan(20);
    expect(
      links.filter(({ groups: [file = "", anchor] }) => isDead(file, anchor)).map(({ at }) => at),
    ).toEqual([]);
  });

  it("Markdown's own links lead to a file and heading of the repository", () => {
    const links = cited(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)/g, /\.md$/);
    expect(links.length).toBeGreaterThan(50);
    const dead = links.filter(({ path, groups: [file = "", anchor] }) => {
      const target = file === "" ? path : normalize(join(dirname(path), file));
      return target.endsWith(".md") ? isDead(target, anchor) : !existsSync(join(ROOT, target));
    });
    expect(dead.map(({ at }) => at)).toEqual([]);
  });

  it("a test or an example that a page names is in its file", () => {
    const named = cited(
      /\]\(\.\.\/([^)]+\.(?:test\.ts|ts|yaml))\), "((?:[^"]|"(?![;\n.]))+)"/g,
      /^docs\/[\w-]+\.md$/,
    );
    expect(named.length).toBeGreaterThan(150);
    const missing = named.filter(({ groups: [file = "", name = ""] }) => {
      const text = texts.get(file) ?? "";
      return ![`"${name}"`, `\`${name}\``, `name: ${name}\n`].some((quoted) => text.includes(quoted));
    });
    expect(missing.map(({ at }) => at)).toEqual([]);
  });

  it("scenes are those of test/vitess/README.md", () => {
    const told = new Set(
      [...(texts.get("test/vitess/README.md") ?? "").matchAll(/^\| (S\d+b?) \|/gm)].map(([, name]) => name),
    );
    const scenes = cited(/\b(S\d{1,2}b?)\b/g, /^(?:src|test)\/.*\.ts$/);
    expect(scenes.length).toBeGreaterThan(10);
    expect(scenes.filter(({ groups: [name] }) => !told.has(name)).map(({ at }) => at)).toEqual([]);
  });

  it("no book is cited that is not in the repository", () => {
    const books =
      /(?:verified|cancel-path|topology-and-wire|sidecar-and-vreplication|drift-catalogue|anchors|house)\.md/g;
    const decisions = /\b(?:[Dd]esign,?[\s*/#-]+(?:D\d+|section \d+)|[Pp]romise[\s*/#-]+P\d+)/g;
    // The catalogue's own family D is named by its ids and in the `drifts` of rules.
    const bare = /(?<!### )(?<!^(?:- id|drifts): .*)\bD(?:[1-9]|[12]\d|3[01])\b/gm;
    const old = [...cited(books), ...cited(decisions), ...cited(bare, /^(?:src|rules|proto)\//)];
    expect(old.map(({ at }) => at)).toEqual([]);
  });
});
