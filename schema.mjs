// Writes what follows from src/snapshot/schema.sql: row types, keys and channels (src/snapshot/gen/tables.ts) and docs/snapshot.md.
// `node schema.mjs --check` writes nothing and fails where one of them is not what the schema says.
import { readFileSync, writeFileSync } from "node:fs";
import sqlite from "node-sqlite3-wasm";

/** SQLite's type of a STRICT column to what a row of it holds. */
const TYPES = { TEXT: "string", INTEGER: "number", REAL: "number", BLOB: "Uint8Array" };

/**
 * Sections (`-- ---- FACTS`) with their tables. The comment over a table, up to an empty line, is about it; of its lines `needs: DOMAIN` says
 * which domain of `unanswered` hides its rows, and indented ones are a list of terms. What stands alone after a section's title is about all of it.
 */
const sectionsOf = (sql) => {
  const db = new sqlite.Database(":memory:");
  db.exec(sql);
  const columns = (table) =>
    db.all(`SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid`, [table]);
  const sections = [];
  let lines = [];
  for (const line of sql.split("\n")) {
    const title = /^-- -{9,} (.*)/.exec(line)?.[1];
    const [, kind, name] = /^CREATE (TABLE|VIEW) (\w+)/.exec(line) ?? [];
    if (title !== undefined) sections.push({ title, text: [], tables: [] });
    else if (line === "" && sections.at(-1)?.tables.length === 0) sections.at(-1).text.push(...lines);
    else if (name !== undefined)
      sections
        .at(-1)
        .tables.push({ name, isView: kind === "VIEW", ...about(name, lines), columns: columns(name) });
    lines = line.startsWith("-- ") && title === undefined ? [...lines, line.slice(3)] : [];
  }
  db.close();
  return sections;
};

const about = (table, lines) => {
  const needs = lines.flatMap((line) => /^needs: (\w+)$/.exec(line)?.[1] ?? [])[0] ?? null;
  const text = lines.filter((line) => !line.startsWith("needs: "));
  if (text.length === 0)
    throw new Error(`schema.sql: the table ${table} has no comment that says what it holds`);
  return { needs, text };
};

const keyOf = ({ columns }) =>
  columns
    .filter(({ pk }) => pk > 0)
    .sort((one, other) => one.pk - other.pk)
    .map(({ name }) => name);

const rowName = (table) => `${table.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase())}Row`;

const rowType = ({ name, text, columns }) => `
/**
${text.map((line) => ` * ${line}`).join("\n")}
 */
export interface ${rowName(name)} {
${columns.map((column) => `  readonly ${column.name}: ${TYPES[column.type]}${column.notnull ? "" : " | null"};`).join("\n")}
}
`;

const termsOf = (text) =>
  text.flatMap((line) => (/^ {2}(.+?): (.+)$/.exec(line) ? [/^ {2}(.+?): (.+)$/.exec(line).slice(1)] : []));

const typesFile = (sections) => {
  const tables = sections.flatMap(({ title, tables }) =>
    tables
      .filter(({ isView }) => !isView)
      .map((table) => ({ ...table, part: title === "FACTS" ? "facts" : "derived" })),
  );
  const channels = termsOf(tables.find(({ name }) => name === "probe").text);
  return `// Written by \`npm run schema\` from ../schema.sql.
${tables.map(rowType).join("")}
export interface Rows {
${tables.map(({ name }) => `  readonly ${name}: ${rowName(name)};`).join("\n")}
}

/**
 * Every table in the order of the schema. \`key\`: its primary key, by which its rows are ordered. \`needs\`: the domain of \`unanswered\`
 * without which a row may be missing from it; null: it is always there.
 */
export const TABLES = {
${tables.map((table) => `  ${table.name}: { part: "${table.part}", key: ${JSON.stringify(keyOf(table))}, needs: ${JSON.stringify(table.needs)} },`).join("\n")}
} as const satisfies { readonly [T in keyof Rows]: { readonly part: string; readonly key: readonly (keyof Rows[T])[]; readonly needs: string | null } };

/** Questions to one address, by the domain of \`unanswered\` that they answer for, the telling ones first. */
export const CHANNELS = {
${channels.map(([domain, names]) => `  ${domain}: ${JSON.stringify(names.split(", "))},`).join("\n")}
} as const;
`;
};

const linked = (text) =>
  text
    .replace(/docs\/(\w+)\.md#([\w-]+)/g, (_, book, place) => `[${book}: ${place}](${book}.md#${place})`)
    .replace(/\b([a-z]+(?:_[a-z]+)+|_vt\.\w+)\b(?![^[]*\])(?!\.md)/g, "`$1`");

const proseOf = (text) =>
  text
    .map((line) => linked(/^ {2}/.test(line) ? line.replace(/^ {2}(.+?): /, "- **$1**: ") : line))
    .join("\n");

const columnText = ({ name, type, notnull, pk }) =>
  `${pk > 0 ? `**${name}**` : name} ${type.toLowerCase()}${notnull || pk > 0 ? "" : "?"}`;

const viewColumns = (columns) => columns.map(({ name }) => name).join(", ");

const tablePage = ({ name, isView, text, needs, columns }) => `### ${name}

${proseOf(text)}

${isView ? "A view. " : ""}Columns: ${isView ? viewColumns(columns) : columns.map(columnText).join(", ")}.
${needs === null ? "" : `\nRows may be missing where \`${needs}\` is in \`unanswered\`.\n`}`;

const sectionPage = ({ title, text, tables }) => `## ${title.charAt(0)}${title.slice(1).toLowerCase()}

${text.length === 0 ? "" : `${proseOf(text)}\n\n`}${tables.map(tablePage).join("\n")}`;

const page = (sql, sections) => `# The tables of a snapshot

What \`vtdoctor scan --save-snapshot FILE\` keeps, what \`vtdoctor query\` asks and what every rule is a SELECT over ([writing rules](writing-rules.md)).
A saved snapshot is a plain SQLite file that any tool opens. Written by \`npm run schema\` from \`src/snapshot/schema.sql\`; columns in bold are the key,
those with \`?\` may be NULL.

${/^(-- .*\n)+/.exec(sql)[0].replace(/^-- /gm, "").trimEnd()}

${sections.map(sectionPage).join("\n")}`;

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const sql = read("src/snapshot/schema.sql");
const sections = sectionsOf(sql);
const files = { "src/snapshot/gen/tables.ts": typesFile(sections), "docs/snapshot.md": page(sql, sections) };
for (const [path, text] of Object.entries(files)) {
  if (!process.argv.includes("--check")) writeFileSync(new URL(path, import.meta.url), text);
  else if (read(path) !== text) {
    console.error(`${path} is not what src/snapshot/schema.sql says: npm run schema`);
    process.exitCode = 1;
  }
}
