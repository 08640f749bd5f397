import { readFileSync } from "node:fs";

/** Version of `schema.sql`, saved in `meta`. It rises with every change that an older vtdoctor could not read. */
export const SNAPSHOT_SCHEMA = 1;

/** Marks the file for `file(1)` and for `open`: "vtdr" in SQLite's application id. */
export const APPLICATION_ID = 0x76746472;

/** `schema.sql` lies beside this module, in the sources as in the package. */
export const schemaText = (): string => readFileSync(new URL("./schema.sql", import.meta.url), "utf8");
