import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

interface Import {
  readonly to: string;
  readonly typeOnly: boolean;
  /** Loaded when the code runs there, not with the module. */
  readonly dynamic: boolean;
}

export interface Source {
  /** Relative to `src`. */
  readonly path: string;
  readonly text: string;
  /** Imports of other files of `src`, resolved; dynamic ones too. */
  readonly imports: readonly Import[];
  /** Packages that load with the module. */
  readonly packages: readonly string[];
}

/** Every module of `src` with what it imports from `src`. */
export function sources(root = "src"): ReadonlyMap<string, Source> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  return new Map(files.map((path) => [path, source(root, path)]));
}

function source(root: string, path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const imports: Import[] = [];
  const statement = /^(import|export)\s+(type\s+)?([^;]*?)\s*from\s*"(\.[^"]+)";/gms;
  for (const [, , type, names = "", from = ""] of text.matchAll(statement)) {
    const named = names.match(/^\{([\s\S]*)\}$/)?.[1];
    const allTypes = named?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "));
    imports.push({
      to: resolve(root, path, from),
      typeOnly: type !== undefined || allTypes === true,
      dynamic: false,
    });
  }
  for (const [, from = ""] of text.matchAll(/import\("(\.[^"]+)"\)/g))
    imports.push({ to: resolve(root, path, from), typeOnly: false, dynamic: true });
  const packages = [...text.matchAll(/^import\s+(?!type\b)[^;]*?from\s*"([^."][^"]*)";/gm)].map(
    ([, name = ""]) => name,
  );
  return { path, text, imports, packages };
}

const resolve = (root: string, path: string, from: string): string =>
  relative(root, normalize(join(root, dirname(path), from))).replace(/\.js$/, ".ts");
