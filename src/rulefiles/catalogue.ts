import { readFileSync } from "node:fs";
import { yaml } from "../cluster/libraries.js";
import type { Drift } from "../findings/drift.js";

const FILE = new URL("../../rules/catalogue.yaml", import.meta.url);

/** Every drift that vtdoctor knows of, in the order of their ids. It is shipped, and checked by the tests against `catalogue.schema.json`. */
export const loadCatalogue = (): readonly Drift[] => yaml().parse(readFileSync(FILE, "utf8"));
