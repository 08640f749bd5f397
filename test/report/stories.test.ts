import fc from "fast-check";
import { expect, it } from "vitest";
import { type Story, storiesOf } from "../../src/report/stories.js";
import { finding } from "../findings/samples.js";

const told = (stories: readonly Story[]): readonly string[] =>
  stories.flatMap(({ finding, parts }) => [finding.id, ...told(parts)]);

it("tells every finding exactly once, whatever it follows from, rings and strangers included", () => {
  const causes = fc.array(fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 12 })), { maxLength: 10 });
  fc.assert(
    fc.property(causes, (given) => {
      const findings = given.map((cause, i) =>
        finding({ id: `r@${i}`, causedBy: cause === null ? null : `r@${cause}` }),
      );
      expect(told(storiesOf(findings)).toSorted()).toEqual(findings.map(({ id }) => id).toSorted());
    }),
  );
});
