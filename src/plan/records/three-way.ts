/** What becomes of `now` when the change that leads from `from` to `to` is made in it, too. */
export type Merge<V> = (from: V, to: V, now: V) => Merged<V>;

type Merged<V> =
  /** `now` itself, where the change is in it already. */
  | { readonly kind: "merged"; readonly value: V }
  /** Somebody else changed the same. */
  | { readonly kind: "clash"; readonly reason: string };

/** What differs by name is told apart by it: only what the change itself touches can clash. `to` gives the order. */
export const mergeNamed =
  <T>(
    nameOf: (one: T) => string,
    isSame: (one: T, other: T) => boolean,
    clash: (names: readonly string[]) => string,
  ): Merge<T[]> =>
  (from, to, now) => {
    const named = (list: readonly T[], name: string): readonly T[] =>
      list.filter((one) => nameOf(one) === name);
    const same = (one: readonly T[], other: readonly T[]): boolean =>
      one.length === other.length && one.every((each, i) => isSame(each, other[i] as T));
    const names = [...new Set([...to, ...now].map(nameOf))];
    const open = names.filter((name) => {
      const [before, after, there] = [named(from, name), named(to, name), named(now, name)];
      return !same(before, after) && !same(there, after);
    });
    if (open.length === 0) return { kind: "merged", value: now };
    const foreign = open.filter((name) => !same(named(now, name), named(from, name)));
    if (foreign.length > 0) return { kind: "clash", reason: clash(foreign) };
    const value = names.flatMap((name) => [...named(open.includes(name) ? to : now, name)]);
    return { kind: "merged", value };
  };
