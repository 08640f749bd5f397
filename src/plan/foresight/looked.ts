import type { QueryPathRow } from "../../snapshot/gen/tables.js";
import {
  type ChangedName,
  comparePaths,
  idOf,
  isOpen,
  namesOf,
  type PathChange,
  type Routed,
} from "./compare.js";
import type { Touched } from "./touched.js";
import { firstOf } from "./words.js";

/** What a new look says of the paths that were served. Each is a sentence's part: which queries, and what became of them. */
export interface LookVerdict {
  /** Paths that the run touches that are not served any more, or lead where the plan does not lead them. */
  readonly worse: readonly string[];
  /** Paths that the run touches of which nobody can say now whether they are served. */
  readonly unseen: readonly string[];
  /** Both of paths that it does not touch. */
  readonly elsewhere: readonly string[];
  /** What the next look is compared with: paths that were not looked at stay as they were. */
  readonly paths: Routed;
}

/**
 * The cluster as it was before a stage of a run and as it is now (docs/decisions.md#d24). Names that the plan leads elsewhere or takes away on
 * purpose may end, or lead elsewhere, but not to where they are not served. `asked`: whether the tablets of a keyspace were.
 */
export function judgeLook(
  before: Routed,
  after: Routed,
  touched: Touched,
  asked: (keyspace: string) => boolean,
): LookVerdict {
  const found = { worse: new Words(), unseen: new Words(), elsewhere: new Words() };
  for (const change of comparePaths(before, after)) {
    const { kind, was, is } = change;
    if (!isOpen(was) || kind === "found") continue;
    const isUnseen = kind === "lost" && is.verdict === "unknown";
    if (isUnseen && !asked(is.keyspace === "" ? was.keyspace : is.keyspace)) continue;
    for (const name of change.names) {
      if (!isUnseen && isMeant(change, name, touched)) continue;
      const hit = touches(change, name, touched) ? (isUnseen ? found.unseen : found.worse) : found.elsewhere;
      hit.add(change, name);
    }
  }
  const { worse, unseen, elsewhere } = found;
  return { worse: worse.said, unseen: unseen.said, elsewhere: elsewhere.said, paths: kept(before, after) };
}

function isMeant(change: PathChange, { name, is: table }: ChangedName, touched: Touched): boolean {
  const { kind, cell, was, is } = change;
  if (touched.restored.has(`${cell} ${was.keyspace}`)) return true;
  if (kind === "lost" && is.reason === "table-missing")
    return is.about.every((shard) => touched.takesTable(shard, table));
  return touched.names.has(name) && (kind === "moved" || is.reason === "name-unknown");
}

function touches({ was, is }: PathChange, { name }: ChangedName, touched: Touched): boolean {
  if (touched.names.has(name)) return true;
  return is.about.length > 0
    ? is.about.some((shard) => touched.hasShard(shard))
    : touched.routing || touched.keyspaces.has(was.keyspace);
}

/** The paths of now; where they can not be seen, as they were. */
function kept(before: Routed, after: Routed): Routed {
  const isHidden = (row: QueryPathRow): boolean => row.verdict === "unknown" && !isOpen(row);
  const hidden = new Set(after.query_path.filter(isHidden).flatMap(idsOf));
  const open = before.query_path.filter(isOpen).flatMap((row): readonly QueryPathRow[] => {
    const whole = { ...row, keyspace: "", names_json: "{}" };
    if (row.names === 0 || idsOf(whole).some((id) => hidden.has(id)))
      return [...idsOf(row), ...idsOf(whole)].some((id) => hidden.has(id)) ? [row] : [];
    const names = Object.entries(namesOf(row)).filter(([name]) => hidden.has(idOf(row, name)));
    if (names.length === 0) return [];
    return [{ ...row, names: names.length, names_json: JSON.stringify(Object.fromEntries(names)) }];
  });
  return { ...after, query_path: [...after.query_path.filter((row) => !isHidden(row)), ...open] };
}

/** Of a row without names its keyspace's, or the whole cell's where none is known. */
const idsOf = (row: QueryPathRow): readonly string[] => {
  const names = Object.keys(namesOf(row));
  return (names.length === 0 ? [`${row.keyspace}.`] : names).map((name) => idOf(row, name));
};

/** Paths with the same fate are one sentence, in whatever cells. */
class Words {
  readonly #groups = new Map<
    string,
    { readonly change: PathChange; readonly names: Set<string>; readonly cells: Set<string> }
  >();

  add(change: PathChange, { name }: ChangedName): void {
    const { kind, tabletType, was, is } = change;
    const group = JSON.stringify([kind, tabletType, was.keyspace, is]);
    const known = this.#groups.get(group) ?? { change, names: new Set(), cells: new Set() };
    this.#groups.set(group, known);
    known.names.add(name.endsWith(".") ? `all of ${name.slice(0, -1)}` : name);
    known.cells.add(change.cell);
  }

  get said(): readonly string[] {
    return [...this.#groups.values()].map(({ change, names, cells }) => {
      const told = firstOf([...names].sort());
      return `${change.tabletType} queries from ${[...cells].sort().join(", ")} for ${told}, which ${change.was.keyspace} served, ${fateOf(change)}`;
    });
  }
}

const fateOf = ({ kind, is }: PathChange): string => {
  if (kind === "moved") return `lead to ${is.shards.join(", ") || is.keyspace} now`;
  const where = is.about.length === 0 ? "" : `${is.about.join(", ")}: `;
  const why = `(${where}${is.reason}${is.detail === "" ? "" : `, ${is.detail}`})`;
  return is.verdict === "unknown" ? `can not be seen any more ${why}` : `are not served any more ${why}`;
};
