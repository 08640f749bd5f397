import fc from "fast-check";
import { NATIVES, type NativeName } from "./natives.js";
import type { Shape } from "./world.js";

/** What an operator and her cluster do on ordinary days: nothing is cut off, and no order of commands that makes a drift (a cancel once reads are switched). */
export interface Life {
  readonly shape: Shape;
  readonly calls: readonly LifeCall[];
}

interface LifeCall {
  readonly name: NativeName;
  readonly pick: number;
  /** Seconds before it. */
  readonly gap: number;
}

const RESHARDS: readonly (readonly NativeName[])[] = [
  ["Reshard create c2"],
  ["Reshard create c2", "Reshard cancel of v24", "Reshard create c3"],
  ["Reshard create c2", "Reshard SwitchTraffic reads", "Reshard SwitchTraffic writes", "Reshard complete"],
  ["Reshard create c2", "Reshard SwitchTraffic", "Reshard complete"],
];

const MOVES: readonly (readonly NativeName[])[] = [
  ["MoveTables create m1"],
  ["MoveTables create m1", "MoveTables SwitchTraffic m1", "MoveTables complete m1"],
  [
    "MoveTables create m1",
    "MoveTables cancel",
    "MoveTables create m2",
    "MoveTables SwitchTraffic m2",
    "MoveTables complete m2",
  ],
  ["Materialize create"],
];

const BETWEEN: readonly NativeName[] = [
  "PlannedReparentShard",
  "a vttablet is restarted",
  "RebuildVSchemaGraph",
];

/** The picks that keep no data and no rules at a cancel: kept ones are a drift that is told. */
const PICKS = [1, 5, 7, 11, 13] as const;

const call = (name: fc.Arbitrary<NativeName>): fc.Arbitrary<LifeCall> =>
  fc.record({ name, pick: fc.constantFrom(...PICKS), gap: fc.constantFrom(0, 1, 5, 20, 60, 600) });

const line = (lines: readonly (readonly NativeName[])[]): fc.Arbitrary<readonly LifeCall[]> =>
  fc.constantFrom(...lines).chain((names) => fc.tuple(...names.map((name) => call(fc.constant(name)))));

const anytime = fc.array(call(fc.constantFrom(...BETWEEN)), { maxLength: 3 });

export const life: fc.Arbitrary<Life> = fc
  .record({
    version: fc.constantFrom("19.0.10" as const, "24.0.4" as const),
    secondCell: fc.boolean(),
    merges: fc.boolean(),
    productSharded: fc.boolean(),
    reshard: line(RESHARDS),
    move: line(MOVES),
    anytime,
    order: fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }),
  })
  .map(({ reshard, move, anytime, order, ...shape }) => ({
    shape,
    calls: merged([isOld(shape) ? withoutCancel(reshard) : reshard, move, anytime], order),
  }));

/** A cancel of Vitess 19 drops the shards. */
const isOld = ({ version }: Shape): boolean => version === "19.0.10";
const withoutCancel = (calls: readonly LifeCall[]): readonly LifeCall[] =>
  calls.some(({ name }) => name === "Reshard cancel of v24") ? calls.slice(0, 1) : calls;

/** The lines beside each other, each in its own order. */
function merged(lines: readonly (readonly LifeCall[])[], order: readonly number[]): readonly LifeCall[] {
  const left = lines.map((each) => [...each]);
  const next = (at: number): readonly LifeCall[] => left[at]?.splice(0, 1) ?? [];
  return [...order.flatMap(next), ...left.flat()];
}

export const commandOf = (name: NativeName) => NATIVES[name];
