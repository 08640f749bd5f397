/**
 * Literals and names for statements that a tablet's parser reads first and MySQL second. The escapes are those of Vitess's own
 * encoder (go/mysql/sqlescape and go/sqltypes/value.go `encodeBytesSQL`, v19 to v24), so that what vttablet re-prints is what was meant.
 */
const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "'": "\\'",
  '"': '\\"',
  "\b": "\\b",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x1a": "\\Z",
  "\\": "\\\\",
};

export const sqlString = (text: string): string =>
  `'${[...text].map((character) => ESCAPES[character] ?? character).join("")}'`;

export const sqlName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

export const qualified = (database: string, table: string): string =>
  `${sqlName(database)}.${sqlName(table)}`;
