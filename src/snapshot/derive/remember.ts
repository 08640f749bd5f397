/**
 * What was made of the same inputs the last time, else `make`'s answer. Inputs are lists of immutable values, and the same where each
 * element is the very same. `name`: one thing that is made, of inputs of one kind.
 */
export type Remember = <T>(name: string, inputs: readonly (readonly unknown[])[], make: () => T) => T;

/** Makes everything anew. */
export const anew: Remember = (_name, _inputs, make) => make();

/** For who asks again and again about facts that differ in little: keeps what was made last of each name. */
export const remembering = (): Remember => {
  const kept = new Map<
    string,
    { readonly inputs: readonly (readonly unknown[])[]; readonly made: unknown }
  >();
  return <T>(name: string, inputs: readonly (readonly unknown[])[], make: () => T): T => {
    const known = kept.get(name);
    if (known?.inputs.every((list, at) => same(list, inputs[at] ?? []))) return known.made as T;
    const made = make();
    kept.set(name, { inputs, made });
    return made;
  };
};

const same = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one === other || (one.length === other.length && one.every((value, at) => value === other[at]));
