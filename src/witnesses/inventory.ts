import { readFileSync } from "node:fs";
import { formatAlias, parseAlias } from "../cluster/alias.js";
import { UsageError } from "../cluster/errors.js";
import { yaml } from "../cluster/libraries.js";
import { type AddressOverride, checkInventory, type InventoryTablet } from "./inventory-schema.js";

/** What the operator says about where tablets run: addresses that the topology may not know, and corrections by alias. */
export interface Inventory {
  readonly tablets: readonly InventoryTablet[];
  /** By alias, for NAT and port-forwards: what is given here replaces what a record says. */
  readonly overrides: Readonly<Record<string, AddressOverride>>;
}

export const NO_INVENTORY: Inventory = { tablets: [], overrides: {} };

/** Reads an inventory of YAML or JSON. Throws UsageError, naming the file, the entry and the field. */
export function readInventory(path: string): Inventory {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--inventory ${path}: cannot be read (${reasonOf(error)}).`);
  }
  return parseInventory(text, path);
}

/** `name` is what errors call the file. A bare list is the same as `tablets:` with that list. */
export function parseInventory(text: string, name: string): Inventory {
  const body = parseText(text, name);
  const written = Array.isArray(body) ? { tablets: body } : body;
  const checked = checkInventory(written, name);
  return { tablets: checked.tablets ?? [], overrides: byAlias(checked.overrides ?? {}, name) };
}

/** `zone1-100` is the same tablet as `zone1-0000000100`. */
function byAlias(written: Inventory["overrides"], name: string): Inventory["overrides"] {
  const entries = Object.entries(written).map(([text, override]): [string, AddressOverride] => {
    const alias = parseAlias(text);
    if (alias === null) {
      throw new UsageError(
        `--inventory ${name}: overrides has "${text}", whose number is too large for a tablet alias.`,
      );
    }
    return [formatAlias(alias), override];
  });
  return Object.fromEntries(entries);
}

function parseText(text: string, name: string): unknown {
  try {
    return yaml().parse(text);
  } catch (error) {
    throw new UsageError(`--inventory ${name}: is neither YAML nor JSON: ${reasonOf(error)}.`);
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  return code === "ENOENT"
    ? "there is no such file"
    : (error.message.split("\n")[0] ?? "").replace(/[.:]+$/, "");
};
