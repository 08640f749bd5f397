import { UsageError } from "../cluster/errors.js";
import { didYouMean } from "../cluster/suggest.js";
import { classifyKey } from "../topology/paths.js";
import type { Target } from "../witnesses/targets.js";
import type { CollectSettings } from "./settings.js";
import { cellOfAlias, type Identity } from "./tablets/answers.js";
import type { CellPlace, ServerReading } from "./topology/servers.js";

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

/** Which tablets the filters let be asked. */
export class Scope {
  readonly #keyspaces: Set<string>;
  readonly #allKeyspaces: boolean;
  readonly #cells: ReadonlySet<string>;

  constructor({ keyspaces, cells }: Pick<CollectSettings, "keyspaces" | "cells">) {
    this.#keyspaces = new Set(keyspaces);
    this.#allKeyspaces = keyspaces.length === 0;
    this.#cells = new Set(cells);
  }

  /** Lets tablets of more keyspaces be asked; true where that makes a difference. */
  widen(keyspaces: Iterable<string>): boolean {
    const before = this.#keyspaces.size;
    for (const keyspace of keyspaces) this.#keyspaces.add(keyspace);
    return !this.#allKeyspaces && this.#keyspaces.size > before;
  }

  /** An address of which no witness says who is there must be asked to find out. */
  mayHold({ keyspaces, aliases }: Target): boolean {
    return (
      (keyspaces.length === 0 || keyspaces.some((keyspace) => this.#hasKeyspace(keyspace))) &&
      (aliases.length === 0 || aliases.some((alias) => this.#hasCell(cellOfAlias(alias))))
    );
  }

  holds({ keyspace, alias }: Identity): boolean {
    return this.#hasKeyspace(keyspace) && this.#hasCell(cellOfAlias(alias));
  }

  #hasKeyspace(keyspace: string): boolean {
    return this.#allKeyspaces || this.#keyspaces.has(keyspace);
  }

  #hasCell(cell: string): boolean {
    return this.#cells.size === 0 || this.#cells.has(cell);
  }
}
