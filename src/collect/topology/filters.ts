import { UsageError } from "../../cluster/errors.js";
import { didYouMean } from "../../cluster/suggest.js";
import { classifyKey } from "../../topology/paths.js";
import type { CollectSettings } from "../settings.js";
import type { CellPlace, ServerReading } from "./servers.js";

/** Throws UsageError where a filter names a keyspace or cell that the global topology does not know. */
export function checkFilters(
  settings: CollectSettings,
  global: ServerReading,
  cells: readonly CellPlace[],
): void {
  const cellNames = cells.map(({ cell }) => cell);
  for (const cell of settings.cells) check("--cell", cell, cellNames);
  const keyspaces = keyspacesOf(global, settings.globalRoot);
  for (const keyspace of settings.keyspaces) check("--keyspace", keyspace, keyspaces);
}

/** Everything that stands below `keyspaces/`, as `GetKeyspaces` lists it (docs/vitess.md#directories). */
function keyspacesOf(global: ServerReading, root: string): readonly string[] {
  const names = [...global.entries.keys()].flatMap((key) => {
    const known = classifyKey(root, key);
    return "keyspace" in known ? [known.keyspace] : [];
  });
  return [...new Set(names)].sort();
}

function check(flag: string, given: string, known: readonly string[]): void {
  if (known.includes(given)) return;
  const list = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  throw new UsageError(
    `${flag} ${given}: the topology has no such name; ${list}.${didYouMean(given, known)}`,
  );
}
