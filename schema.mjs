// Writes what follows from src/snapshot/schema.sql: the row types, table list and keys of src/snapshot/gen. `node schema.mjs --check` writes
// nothing and fails where a file is not what the schema says.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import sqlite from "node-sqlite3-wasm";

const at = (path) => new URL(path, import.meta.url);

/** SQLite's type of a STRICT column to what a row of it holds. */
const TYPES = { TEXT: "string", INTEGER: "number", REAL: "number", BLOB: "Uint8Array" };

/** Every table of the schema in its order: `part` is facts or derived, `about` its comment, `needs` the domain of `unanswered` that hides it. */
export const tablesOf = (sql) => {
  const db = new sqlite.Database(":memory:");
  try {
    db.exec(sql);
    return commented(sql).map((table) => ({ ...table, columns: columnsOf(db, table.name) }));
  } finally {
    db.close();
  }
};

const columnsOf = (db, table) =>
  db.all(`SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid`, [table]);

const keyOf = ({ columns }) =>
  columns
    .filter(({ pk }) => pk > 0)
    .sort((one, other) => one.pk - other.pk)
    .map(({ name }) => name);

/** A comment belongs to the table under it, unless an empty line parts them. */
const commented = (sql) => {
  const tables = [];
  let part = null;
  let lines = [];
  for (const line of sql.split("\n")) {
    const section = /^-- -+ (FACTS|DERIVED)/.exec(line)?.[1];
    const name = /^CREATE TABLE (\w+)/.exec(line)?.[1];
    if (section !== undefined) part = section.toLowerCase();
    else if (line.startsWith("-- ")) lines.push(line.slice(3));
    else if (name !== undefined) tables.push({ name, part, about: aboutOf(name, lines) });
    if (!line.startsWith("-- ") || section !== undefined) lines = [];
  }
  return tables;
};

const aboutOf = (name, lines) => {
  if (lines.length === 0)
    throw new Error(`schema.sql says nothing about the table ${name}: write a comment over it`);
  return lines;
};

const rowName = (table) => `${table.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase())}Row`;

const rowType = ({ name, about, columns }) => `
/**
${about.map((line) => ` * ${line}`).join("\n")}
 */
export interface ${rowName(name)} {
${columns.map((column) => `  readonly ${column.name}: ${TYPES[column.type]}${column.notnull ? "" : " | null"};`).join("\n")}
}
`;

const typesFile = (tables) => `// Written by \`npm run schema\` from ../schema.sql.
${tables.map(rowType).join("")}
export interface Rows {
${tables.map(({ name }) => `  readonly ${name}: ${rowName(name)};`).join("\n")}
}

/** Every table in the order of the schema. \`key\`: its primary key, by which its rows are ordered. */
export const TABLES = {
${tables.map((table) => `  ${table.name}: { part: "${table.part}", key: ${JSON.stringify(keyOf(table))} },`).join("\n")}
} as const satisfies { readonly [T in keyof Rows]: { readonly part: string; readonly key: readonly (keyof Rows[T])[] } };
`;

/** File to its text. */
export const generated = (sql) => {
  const tables = tablesOf(sql);
  return { "src/snapshot/gen/tables.ts": typesFile(tables) };
};

const read = (path) => {
  try {
    return readFileSync(at(path), "utf8");
  } catch {
    return "";
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const files = Object.entries(generated(read("src/snapshot/schema.sql")));
  if (process.argv.includes("--check")) {
    const stale = files.filter(([path, text]) => read(path) !== text).map(([path]) => path);
    if (stale.length > 0)
      console.error(`${stale.join(" and ")}: not what src/snapshot/schema.sql says: npm run schema`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else for (const [path, text] of files) writeFileSync(at(path), text);
}
