import type { MissedCondition } from "../findings/why-not.js";
import type { Queryable } from "./rule.js";
import { conjunctsOf } from "./where.js";

/** A query that has the text of the views that it reads, so that their conditions can be taken out too. */
export interface WithViews {
  readonly sql: string;
  /** Where the text of each view ends, in their order; after the last is the query's own. */
  readonly views: readonly { readonly name: string; readonly marker: string }[];
}

interface View {
  readonly name: string;
  readonly sql: string;
}

/** Each view as a CTE that is planned as the view is: SQLite takes the CTE where both have the name. */
export const withViews = (snapshot: Queryable, query: string): WithViews => {
  const known = snapshot.all<View>("SELECT name, sql FROM sqlite_schema WHERE type = 'view' ORDER BY rowid");
  const used = usedIn(query, known);
  if (used.length === 0) return { sql: query, views: [] };
  const views = used.map(({ name }) => ({ name, marker: `${name} AS NOT MATERIALIZED (` }));
  const texts = used.map(
    ({ name, sql }) => `${name} AS NOT MATERIALIZED (${sql.replace(/^CREATE VIEW \w+ AS\s+/i, "")})`,
  );
  const [, recursive = "", own = query] = /^\s*WITH(\s+RECURSIVE)?\s+([\s\S]*)$/i.exec(query) ?? [];
  const head = `WITH${recursive} ${texts.join(",\n")}`;
  return { sql: own === query ? `${head}\n${OWN}${query}` : `${head},\n${OWN}${own}`, views };
};

const OWN = "-- the rule\n";

/** Those that the text names, and those that they name, each before who names it: they come in the order in which they were made. */
const usedIn = (query: string, known: readonly View[]): readonly View[] => {
  const names = new Set<string>();
  const add = (text: string): void => {
    for (const { name, sql } of known)
      if (!names.has(name) && new RegExp(`\\b${name}\\b`).test(text)) {
        names.add(name);
        add(sql.replace(/^CREATE VIEW \w+/i, ""));
      }
  };
  add(query);
  return known.filter(({ name }) => names.has(name));
};

export interface Without {
  readonly condition: MissedCondition;
  readonly sql: string;
}

/** What joins two tables is no condition: without it, rows of one object meet those of all others. */
const JOIN = /^\w+\.\w+ (=|IS) \w+\.\w+$/;

/** The query without each of its conditions. */
export const withoutConditions = ({ sql, views }: WithViews): readonly Without[] =>
  conjunctsOf(sql).flatMap(({ text, without }) => {
    if (JOIN.test(text)) return [];
    const at = firstDifference(sql, without);
    return [{ condition: { text, view: viewAt(sql, views, at) }, sql: without }];
  });

const firstDifference = (one: string, other: string): number => {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
};

const viewAt = (sql: string, views: WithViews["views"], at: number): string | null => {
  if (views.length === 0 || at >= sql.indexOf(OWN)) return null;
  return views.findLast(({ marker }) => sql.indexOf(marker) <= at)?.name ?? null;
};
