import type { Finding } from "../findings/finding.js";
import { holds, type Match } from "./match.js";
import type { Follows } from "./rule.js";

/**
 * Which finding each one follows from, so that one cause is one story with one repair (docs/decisions.md#d11). A rule's `follows` are tried
 * in order; what follows takes over the repair of its root.
 */
export const joinCauses = (matches: readonly Match[]): readonly Match[] => {
  const index = new RootIndex(matches);
  const parents = new Map(matches.map((match) => [match.finding.id, index.parentOf(match)]));
  const byId = new Map(matches.map(({ finding }) => [finding.id, finding]));
  return matches.map((match) => {
    const { finding } = match;
    const causedBy = parents.get(finding.id) ?? null;
    if (causedBy === null) return match;
    const root = byId.get(rootOf(finding.id, parents));
    return { ...match, finding: { ...finding, causedBy, repair: root?.repair ?? finding.repair } };
  });
};

/** Rules that follow each other in a ring have no root: the walk ends where it began. */
const rootOf = (id: string, parents: ReadonlyMap<string, string | null>): string => {
  const seen = new Set<string>();
  let at = id;
  for (let up = parents.get(at) ?? null; up !== null && !seen.has(up); up = parents.get(at) ?? null) {
    seen.add(at);
    at = up;
  }
  return at;
};

/** Findings by rule and the object fields that somebody follows them on; linear in findings, whatever their number. */
class RootIndex {
  readonly #byRule = new Map<string, Finding[]>();
  readonly #byFields = new Map<string, Map<string, string>>();

  constructor(matches: readonly Match[]) {
    for (const { rule, finding } of matches) {
      const group = this.#byRule.get(rule.id);
      if (group === undefined) this.#byRule.set(rule.id, [finding]);
      else group.push(finding);
    }
  }

  parentOf(match: Match): string | null {
    for (const follows of match.rule.follows ?? []) {
      if (!holds(follows.when ?? {}, match.row)) continue;
      const wanted = Object.values(follows.on).map((column) => String(match.row[column] ?? ""));
      const parent = this.#roots(follows).get(fieldsKey(wanted));
      if (parent !== undefined && parent !== match.finding.id) return parent;
    }
    return null;
  }

  #roots(follows: Follows): ReadonlyMap<string, string> {
    const fields = Object.keys(follows.on);
    const name = fieldsKey([follows.rule, ...fields]);
    const known = this.#byFields.get(name);
    if (known !== undefined) return known;
    const made = new Map<string, string>();
    for (const finding of this.#byRule.get(follows.rule) ?? []) {
      const key = fieldsKey(fields.map((field) => finding.object[field] ?? ""));
      if (!made.has(key)) made.set(key, finding.id);
    }
    this.#byFields.set(name, made);
    return made;
  }
}

const fieldsKey = (fields: readonly string[]): string => JSON.stringify(fields);
