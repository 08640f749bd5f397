import { expect, test } from "vitest";
import { type Draft, EMPTY_DRAFT } from "../../src/plan/draft.js";
import type { Played } from "../../src/plan/foresight/play.js";
import { foresee, soundParts } from "../../src/plan/foresight/sound.js";
import { cancelOf } from "../plan/planned.js";
import { recorded } from "../plan/recorded.js";

const PLAN = cancelOf(recorded("healthy-movetables-created-v24"), { keyspace: "moved", workflow: "m1" });
const STEPS = PLAN.stages.flatMap(({ steps }) => steps);
const NOTHING = { paths: 1, looks: 1, elsewhere: [], taken: [], found: [] };
const FORESEEN = { ...NOTHING, alarms: [], names: { elsewhere: [], taken: [] } };

test("a step that leads queries elsewhere asks for consent, whatever its kind says", () => {
  const at = STEPS.findIndex((step) => step.class === "safe");
  const played: Played = { kind: "sound", foreseen: FORESEEN, routing: new Set([at]) };
  const { steps } = foresee(played, STEPS, { is: "the plan", afterwards: "then plan again" });
  expect(at).toBeGreaterThanOrEqual(0);
  expect(steps[at]?.class).toBe("confirm");
  expect(steps.filter((step, index) => step.class !== STEPS[index]?.class)).toHaveLength(1);
});

/** A repair of one finding, of which a step does harm where `harms` says so of the whole. */
const repair = (finding: string): Draft => ({
  ...EMPTY_DRAFT,
  repairs: [finding],
  stages: [{ title: finding, locks: [], steps: STEPS.slice(0, 1) }],
});

const playedWith =
  (harms: (repairs: readonly string[]) => boolean) =>
  (parts: readonly Draft[]): { readonly draft: Draft; readonly played: Played } => {
    const repairs = parts.flatMap((part) => part.repairs);
    const draft = { ...EMPTY_DRAFT, repairs, stages: parts.flatMap(({ stages }) => stages) };
    const harm = { step: parts.length - 1, words: "somebody loses a table" };
    return harms(repairs)
      ? { draft, played: { kind: "harmful", harm } }
      : { draft, played: { kind: "sound", foreseen: FORESEEN, routing: new Set() } };
  };

const PARTS = ["a@x", "b@x", "c@x", "d@x", "e@x"].map(repair);

test.each([
  ["none", () => false, []],
  ["one alone", (of: readonly string[]) => of.includes("d@x"), ["d@x"]],
  ["two alone", (of: readonly string[]) => of.includes("a@x") || of.includes("e@x"), ["a@x", "e@x"]],
  ["one after another", (of: readonly string[]) => of.includes("b@x") && of.includes("c@x"), ["c@x"]],
  ["each", (of: readonly string[]) => of.length > 0, ["a@x", "b@x", "c@x", "d@x", "e@x"]],
])("of several repairs only what harms is left out: %s", (_, harms, left) => {
  const { kept, refused, played } = soundParts(PARTS, playedWith(harms));
  const blocked = refused.flatMap((draft) => draft.blocked);
  expect(blocked.map(({ finding }) => finding).toSorted()).toEqual(left);
  for (const { reason } of blocked)
    expect(reason).toMatch(/it is foreseen that after ".*" somebody loses a table/);
  expect(kept.flatMap(({ repairs }) => repairs)).toEqual(
    PARTS.flatMap(({ repairs }) => repairs).filter((id) => !left.includes(id)),
  );
  expect(played.kind).toBe("sound");
});

test.each([
  ["a step that takes queries away", 0, /see where those queries should go/],
  ["what is found at the end", null, /look for what is to be repaired before this/],
])("a refusal for %s says what to do about that", (_, step, way) => {
  const played: Played = { kind: "harmful", harm: { step, words: "somebody loses a table" } };
  const subject = { is: "the plan", afterwards: "then plan again" };
  expect(() => foresee(played, STEPS, subject)).toThrow(way);
});
