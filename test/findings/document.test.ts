import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEVERITIES } from "../../src/findings/finding.js";
import { finding, LOST_CELL, RESIDUE, STREAM, scan, TABLET } from "./samples.js";

const schema = JSON.parse(
  readFileSync(new URL("../../src/findings/document.schema.json", import.meta.url), "utf8"),
);
const fits = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const lost = { ...scan().coverage, unanswered: [LOST_CELL] };

describe("the scan document", () => {
  it("fits its published schema", () => {
    const expired = [{ finding: "a@b", reason: "c", until: 0 }];
    for (const document of [
      scan(),
      scan({ findings: [finding(), STREAM, TABLET, RESIDUE], coverage: lost, expired }),
    ])
      expect(fits(JSON.parse(JSON.stringify(document))) ? [] : fits.errors).toEqual([]);
  });

  it("counts what is confirmed apart from what is not", () => {
    const { summary } = scan({ findings: [finding(), TABLET, RESIDUE] });
    expect(summary.confirmed).toEqual({ critical: 1, warning: 1, info: 0 });
    expect(summary.states).toEqual({ confirmed: 2, suspected: 1, deferred: 0, unknown: 0, suppressed: 0 });
  });
});

describe("how a scan ends", () => {
  it("is ok when nothing was found and everything was seen", () => {
    expect(scan().exit).toEqual({ code: 0, name: "ok", reasons: [] });
  });

  it("is findings when one is confirmed at the threshold, even when a source is missing", () => {
    const { exit } = scan({ findings: [TABLET], coverage: lost });
    expect(exit).toMatchObject({ code: 1, name: "findings" });
    expect(exit.reasons.join()).toContain("zone2 did not answer");
  });

  it("is incomplete when a required source is missing and nothing else decides", () => {
    expect(scan({ coverage: lost }).exit).toMatchObject({ code: 3, name: "incomplete" });
  });

  it("is not incomplete for a source that nothing rests on", () => {
    const coverage = { ...lost, unanswered: [{ ...LOST_CELL, required: false }] };
    expect(scan({ coverage }).exit.code).toBe(0);
  });

  it("is incomplete when a rule failed, whatever the threshold", () => {
    const failed = finding({
      id: "rule-failed@x",
      rule: "rule-failed",
      state: "unknown",
      severity: "warning",
    });
    expect(scan({ findings: [failed], failOn: "critical" }).exit.code).toBe(3);
  });

  it("is incomplete when a finding at the threshold could not be judged", () => {
    expect(scan({ findings: [finding({ state: "unknown" })] }).exit.code).toBe(3);
    expect(scan({ findings: [finding({ state: "unknown", severity: "info" })] }).exit.code).toBe(0);
  });

  it("is incomplete while something critical is suspected or deferred, and the threshold counts it", () => {
    for (const state of ["suspected", "deferred"] as const) {
      const findings = [finding({ state, severity: "critical" })];
      expect(scan({ findings }).exit).toMatchObject({ code: 3, reasons: [expect.stringContaining(state)] });
      expect(scan({ findings, failOn: "never" }).exit.code).toBe(0);
      expect(scan({ findings: [...findings, finding({ severity: "warning" })] }).exit.code).toBe(1);
    }
  });

  it("is not decided by other findings that are suspected, deferred or suppressed, but names the first two", () => {
    for (const state of ["suspected", "deferred", "suppressed"] as const) {
      const { exit } = scan({ findings: [finding({ state, severity: "warning" })] });
      expect(exit.code).toBe(0);
      expect(exit.reasons).toHaveLength(state === "suppressed" ? 0 : 1);
    }
  });

  it("never becomes better by a lower threshold, and `never` finds nothing", () => {
    const thresholds = ["never", ...SEVERITIES] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SEVERITIES)), (severities) => {
        const findings = severities.map((severity, i) => finding({ id: `a@${i}`, severity }));
        const codes = thresholds.map((failOn) => scan({ findings, failOn }).exit.code);
        expect(codes).toEqual(codes.toSorted());
        expect(codes[0]).toBe(0);
      }),
    );
  });
});
