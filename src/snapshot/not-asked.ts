import { type Facts, type FactTable, isFactTable, metaValue } from "./facts.js";
import { TABLES } from "./gen/tables.js";

const NOT_ASKED = "not_asked_json";

/** A table, or a column as `table.column`, that the snapshot of an older vtdoctor lacks. */
export interface NotAsked {
  readonly name: string;
  /** The domain of `unanswered` that it belongs to. */
  readonly needs: string;
}

/** Remembered in `meta`, so that the snapshot says it again when it is saved by this vtdoctor. */
export const withNotAsked = (facts: Facts, names: readonly string[]): Facts => {
  const all = [...new Set([...namesIn(facts), ...names])].toSorted();
  const others = facts.meta.filter(({ name }) => name !== NOT_ASKED);
  return all.length === 0
    ? facts
    : { ...facts, meta: [...others, { name: NOT_ASKED, value: JSON.stringify(all) }] };
};

export const notAskedOf = (facts: Facts): readonly NotAsked[] =>
  namesIn(facts).flatMap((name) => {
    const [table = ""] = name.split(".");
    const needs = isFactTable(table) ? TABLES[table].needs : null;
    return needs === null ? [] : [{ name, needs }];
  });

const namesIn = (facts: Facts): readonly string[] =>
  JSON.parse(metaValue(facts, NOT_ASKED) ?? "[]") as readonly string[];

/** What every vtdoctor has asked for: without it a file is no snapshot. */
const ALWAYS: readonly FactTable[] = ["meta", "topo_server", "topo_root", "topo_key", "witness", "probe"];

export const isAlwaysAsked = (table: FactTable): boolean => ALWAYS.includes(table);
