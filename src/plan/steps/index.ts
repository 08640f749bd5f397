import type { DraftStep, StepValues } from "../draft.js";
import { type Field, type Fields, filled, oneOf, union } from "../fields.js";
import type { World } from "../foresight/world.js";
import {
  type Destroys,
  type Inverse,
  inverseText,
  type Kind,
  type Roots,
  type StepClass,
  type Write,
} from "../kind.js";
import type { NamedKey } from "../named-key.js";
import { recordKinds } from "./records.js";
import { shardKinds } from "./shards.js";
import { streamKinds } from "./streams.js";
import { tableKinds } from "./tables.js";
import { tabletKinds } from "./tablets.js";

/** Every kind of step; each declaration says all that the plan knows of it. */
export const KINDS = { ...streamKinds, ...tableKinds, ...recordKinds, ...tabletKinds, ...shardKinds };

type Kinds = typeof KINDS;
export type StepKind = keyof Kinds;
interface StepBase {
  /** Unique in the plan, stable: `03-stream.stop-zone1-0000000200`. */
  readonly id: string;
  readonly class: StepClass;
  readonly destroys: Destroys;
}
export type Step = { [K in StepKind]: StepBase & { readonly kind: K } & StepValues[K] }[StepKind];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;
/** The names of what must hold right before a step of the kind. */
export type GuardOf<K extends StepKind> = keyof Kinds[K]["guards"];

/** The compiler does not see that the declaration of a step's own kind takes the step: this one place says it. */
const declarationOf = (step: DraftStep): Kind<Fields, string> =>
  KINDS[step.kind] as unknown as Kind<Fields, string>;

/** What a person reads of a step before saying yes (docs/decisions.md#d13). */
export interface StepText {
  readonly does: string;
  readonly checks: string;
  readonly proves: string;
  readonly undo: string;
}

export const describeStep = (step: DraftStep): StepText => {
  const declared = declarationOf(step);
  const guards = Object.values(guardsOf(step)).map((words) => `that ${words}`);
  return {
    does: declared.does(step),
    checks: guards.length === 0 ? "nothing: it only reads" : guards.join("; "),
    proves: declared.proves(step),
    undo: inverseText(declared.inverse(step)),
  };
};

/** What must hold right before the step, by name, in words. */
export const guardsOf = (step: DraftStep): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(declarationOf(step).guards).flatMap(([name, words]) => {
      const said = words(step);
      return said === null ? [] : [[name, said]];
    }),
  );

export const inverseOf = (step: DraftStep): Inverse => declarationOf(step).inverse(step);
export const destroysOf = (step: DraftStep): Destroys => declarationOf(step).destroys;
export const subjectOf = (step: DraftStep): string => declarationOf(step).subject(step);
export const keysOf = (step: DraftStep): readonly NamedKey[] => declarationOf(step).keys?.(step) ?? [];
export const writesOf = (step: DraftStep, roots: Roots): readonly Write[] =>
  declarationOf(step).writes(step, roots);
export const effectOf = (step: DraftStep, world: World): World => declarationOf(step).effect(step, world);
export const classOf = (step: DraftStep): StepClass => {
  const { class: consent } = declarationOf(step);
  return typeof consent === "function" ? consent(step) : consent;
};

/** A step as the plan file has it. */
export const step: Field<Step> = union(
  Object.fromEntries(
    Object.entries(KINDS).map(([name, { fields }]) => [
      name,
      {
        id: filled,
        class: oneOf("safe", "confirm"),
        destroys: oneOf("nothing", "metadata", "data"),
        ...fields,
      },
    ]),
  ),
) as unknown as Field<Step>;
