import { readFileSync } from "node:fs";

/** How much of a folder another may import. */
type Extent = "everything" | "types" | "codecs" | "read";

/** A row of ARCHITECTURE.md's table. */
export interface Layer {
  readonly imports: "all" | ReadonlyMap<string, Extent>;
  /** Its files that reach out of the process. */
  readonly outside: "any" | readonly string[];
}

/** The table of ARCHITECTURE.md, by folder of `src`. Throws where a cell says what is not agreed on there. */
export function layers(text = readFileSync("ARCHITECTURE.md", "utf8")): ReadonlyMap<string, Layer> {
  const rows = [...text.matchAll(/^\| `src\/(\w+)` *\|[^|]*\|([^|]*)\|([^|]*)\|$/gm)];
  if (rows.length === 0) throw new Error("ARCHITECTURE.md has no table of folders");
  return new Map(
    rows.map(([, name = "", imports = "", outside = ""]) => [
      name,
      { imports: importsOf(imports.trim()), outside: outsideOf(outside.trim()) },
    ]),
  );
}

function importsOf(cell: string): Layer["imports"] {
  if (cell === "all") return "all";
  if (cell === "nothing of ours") return new Map();
  return new Map(
    cell.split(", ").map((each) => {
      const [, name, extent = "everything"] = each.match(/^(\w+)(?: \((types|codecs|read)\))?$/) ?? [];
      if (name === undefined) throw new Error(`ARCHITECTURE.md: may import "${each}"?`);
      return [name, extent as Extent];
    }),
  );
}

function outsideOf(cell: string): Layer["outside"] {
  if (cell === "any") return "any";
  if (cell === "nothing") return [];
  return cell.split(", ").map((each) => {
    const [, file] = each.match(/^`([\w-]+\.ts)`$/) ?? [];
    if (file === undefined) throw new Error(`ARCHITECTURE.md: reaches out in "${each}"?`);
    return file;
  });
}
