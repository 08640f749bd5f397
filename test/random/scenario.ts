import fc from "fast-check";
import { DRIFTS, type DriftName } from "./drifts.js";
import { NATIVES, type NativeCall, type NativeName } from "./natives.js";
import type { Shape } from "./world.js";

interface DriftCall {
  readonly name: DriftName;
  readonly pick: number;
}

/** What happens to a run at one of its writes. */
export interface Incident {
  /** The n-th write of the run. */
  readonly at: number;
  readonly what: "killed before" | "killed after" | "Ctrl-C" | "reply lost" | "native";
  /** Beside the run, or right after its end. */
  readonly native: NativeCall | null;
}

export interface Command {
  readonly verb: "fix --all" | "fix some" | "cancel" | "undo" | "purge";
  /** Which findings, workflow or run. */
  readonly pick: number;
  readonly flags: readonly string[];
  readonly incident: Incident | null;
  /** What is typed where the run did not come to its end. */
  readonly after: "resume" | "undo" | "nothing";
}

export interface Scenario {
  readonly shape: Shape;
  /** The lives of the workflows: what Vitess did before anybody looked. */
  readonly past: readonly NativeCall[];
  readonly drifts: readonly DriftCall[];
  /** Seconds between the last of that and the first look. */
  readonly age: number;
  /** An operator has taken away the locks of what died. */
  readonly unlocked: boolean;
  readonly commands: readonly Command[];
}

/** fast-check draws small numbers more often; a pick must not prefer the first thing there is. */
const pick = fc.noBias(fc.integer({ min: 0, max: 63 }));

/** Most commands of Vitess come to their end. */
const cut = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.noBias(fc.integer({ min: 1, max: 25 })) },
);

const LIVES: readonly (readonly NativeName[])[] = [
  [],
  ["Reshard create c2"],
  ["Reshard create c2"],
  ["Reshard create c2", "Reshard SwitchTraffic reads"],
  ["Reshard create c2", "Reshard SwitchTraffic"],
  ["Reshard create c2", "Reshard SwitchTraffic", "Reshard complete"],
  ["Reshard create c2", "Reshard cancel of v19"],
  ["Reshard create c2", "Reshard cancel of v19"],
  ["Reshard create c2", "legacy Reshard cancel"],
  ["Reshard create c2", "Reshard cancel of v24"],
  ["Reshard create c2", "Reshard SwitchTraffic reads", "Reshard cancel of v24"],
  ["Reshard create c2", "Reshard cancel of v24", "Reshard create c3"],
];

const MOVES: readonly (readonly NativeName[])[] = [
  [],
  ["MoveTables create m1"],
  ["MoveTables create m1"],
  ["MoveTables create m1", "MoveTables SwitchTraffic m1"],
  ["MoveTables create m1", "MoveTables SwitchTraffic m1", "MoveTables complete m1"],
  ["MoveTables create m1", "MoveTables cancel"],
  ["MoveTables create m1", "MoveTables create m2"],
];

/** The last command of a life may die. */
const life = (lives: readonly (readonly NativeName[])[]): fc.Arbitrary<readonly NativeCall[]> =>
  fc
    .record({
      names: fc.constantFrom(...lives),
      pick,
      cut,
    })
    .map(({ names, pick: which, cut }) =>
      names.map((name, index) => ({ name, pick: which, cut: index === names.length - 1 ? cut : null })),
    );

const native: fc.Arbitrary<NativeCall> = fc.record({
  name: fc.constantFrom(...(Object.keys(NATIVES) as NativeName[])),
  pick,
  cut,
});

const incident: fc.Arbitrary<Incident> = fc.record({
  at: fc.oneof(fc.noBias(fc.integer({ min: 1, max: 6 })), fc.noBias(fc.integer({ min: 1, max: 20 }))),
  what: fc.constantFrom("killed before", "killed after", "Ctrl-C", "reply lost", "native", "native"),
  native: fc.option(native, { freq: 2 }),
});

const FLAGS: Readonly<Record<Command["verb"], readonly (readonly string[])[]>> = {
  "fix --all": [[], ["--orphans restore"], ["--orphans retire", "--unsupervised"], ["--server vtctld:15999"]],
  "fix some": [
    [],
    ["--orphans restore"],
    ["--orphans retire", "--unsupervised"],
    ["--orphans restore", "--server vtctld:15999"],
  ],
  cancel: [
    [],
    [],
    ["--keep-data"],
    ["--keep-data", "--keep-routing-rules"],
    ["--purge"],
    ["--retire-targets", "--unsupervised"],
  ],
  undo: [[]],
  purge: [[]],
};

const commandOf = (...verbs: readonly Command["verb"][]): fc.Arbitrary<Command> =>
  fc.constantFrom(...verbs).chain((verb) =>
    fc.record({
      verb: fc.constant(verb),
      pick,
      flags: fc.constantFrom(...FLAGS[verb]),
      incident: fc.option(incident, { freq: 6 }),
      after: fc.constantFrom("resume", "undo", "nothing"),
    }),
  );

/** Only what something was done by can be taken back or purged. */
const commands = fc
  .tuple(
    commandOf("fix --all", "fix some", "cancel"),
    fc.array(commandOf("fix --all", "fix some", "cancel", "undo", "purge"), { maxLength: 2 }),
  )
  .map(([first, others]) => [first, ...others]);

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  shape: fc.record({
    version: fc.constantFrom("24.0.4", "24.0.4", "19.0.10"),
    secondCell: fc.boolean(),
    merges: fc.boolean(),
    productSharded: fc.boolean(),
  }),
  past: fc
    .tuple(life(LIVES), life(MOVES), life([[], [], ["Materialize create"]]))
    .map(([reshard, move, materialize]) => [...materialize, ...move, ...reshard]),
  drifts: fc.array(fc.record({ name: fc.constantFrom(...(Object.keys(DRIFTS) as DriftName[])), pick }), {
    maxLength: 3,
  }),
  age: fc.constantFrom(60, 120, 600, 6 * 3600),
  unlocked: fc.boolean(),
  commands,
});
