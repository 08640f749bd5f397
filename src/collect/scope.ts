import type { Target } from "../witnesses/targets.js";
import type { CollectSettings } from "./settings.js";
import { cellOfAlias, type Identity } from "./tablets/answers.js";

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
