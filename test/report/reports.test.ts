import { describe, expect, it } from "vitest";
import { explainFinding } from "../../src/report/explain.js";
import { renderHuman } from "../../src/report/human.js";
import { renderNagios } from "../../src/report/nagios.js";
import { listRules, showRule } from "../../src/report/rules.js";
import type { Style } from "../../src/report/style.js";
import { loadCatalogue } from "../../src/rulefiles/catalogue.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { cardOf } from "../../src/rules/card.js";
import { finding, LOST_CELL, RESIDUE, STREAM, scan, TABLET } from "../findings/samples.js";

const PLAIN: Style = { color: 0, width: 110, verbose: false };
const golden = (name: string) => `../../fixtures/golden/report/${name}`;

const STORY = [finding(), STREAM, TABLET, RESIDUE];
const coverage = {
  ...scan().coverage,
  rules: { judged: 90, inPart: LOST_CELL.rules, failed: [] },
  unanswered: [LOST_CELL],
};

describe("a scan for a person", () => {
  it("tells one story a cause, with its next command", async () => {
    await expect(renderHuman(scan({ findings: STORY }), PLAIN)).toMatchFileSnapshot(golden("story.txt"));
  });

  it("offers one plan where several things can be repaired", () => {
    const other = finding({ id: "shard-missing-live-tablets@customer/80-" });
    const together = /next for these 2 together: vtdoctor fix --all --dry-run/;
    expect(renderHuman(scan({ findings: [finding(), other] }), PLAIN)).toMatch(together);
    expect(renderHuman(scan({ findings: [finding(), { ...other, state: "suspected" }] }), PLAIN)).not.toMatch(
      "together",
    );
  });

  it("shows the facts when asked", async () => {
    const verbose = renderHuman(scan({ findings: STORY }), { ...PLAIN, verbose: true });
    await expect(verbose).toMatchFileSnapshot(golden("story-verbose.txt"));
  });

  it("fits into a narrow terminal", () => {
    const text = renderHuman(scan({ findings: STORY, coverage }), { ...PLAIN, width: 72 });
    const tooLong = text.split("\n").filter((line) => line.length > 72 && !/next: |^2 critical/.test(line));
    expect(tooLong).toEqual([]);
  });

  it("says what was not seen and which suppressions are over", async () => {
    const expired = [{ finding: "topo-lock-stale@*", reason: "moving house", until: Date.UTC(2026, 10, 1) }];
    await expect(renderHuman(scan({ coverage, expired }), PLAIN)).toMatchFileSnapshot(
      golden("incomplete.txt"),
    );
  });

  it("ends a clean scan in one line", () => {
    expect(renderHuman(scan(), PLAIN)).toBe(
      "no findings; 90 rules judged 4 tablets, 3 shards, 2 cells; etcd revision 58, history back to revision 1\n",
    );
  });

  it("counts the rules that could not be evaluated, and those that could not judge everything", () => {
    const rules = { judged: 89, inPart: ["srvkeyspace-missing"], failed: ["topo-lock-stale"] };
    expect(renderHuman(scan({ coverage: { ...coverage, rules } }), PLAIN)).toContain(
      "no findings; 89 rules judged 4 tablets, 3 shards, 2 cells; etcd revision 58, history back to revision 1; 1 rule could not be evaluated; incomplete: 1 source did not answer, without which 1 rule could not judge everything\n",
    );
  });

  it("lets no control character of the cluster through", () => {
    const evil = finding({ symptom: "a\u001b[2Jb\r\nc" });
    const text = renderHuman(scan({ findings: [evil] }), PLAIN);
    expect(text).toContain("a [2Jb c");
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("\r");
  });
});

describe("Nagios", () => {
  it("says the status, performance data and one line a story", async () => {
    const report = renderNagios(scan({ findings: STORY, coverage }));
    expect(report.code).toBe(2);
    await expect(report.text).toMatchFileSnapshot(golden("nagios.txt"));
  });

  it("is CRITICAL, WARNING, OK or UNKNOWN as the scan ended", () => {
    const code = (change: Parameters<typeof scan>[0]) => renderNagios(scan(change)).code;
    expect(code({})).toBe(0);
    expect(code({ findings: [TABLET] })).toBe(1);
    expect(code({ findings: [finding()] })).toBe(2);
    expect(code({ coverage })).toBe(3);
    expect(code({ findings: [TABLET], failOn: "critical" })).toBe(0);
  });

  it("keeps a pipe in a message out of the performance data", () => {
    const [first = ""] = renderNagios(
      scan({ coverage: { ...coverage, unanswered: [{ ...LOST_CELL, message: "a|b" }] } }),
    ).text.split("\n");
    expect(first.split("|")).toHaveLength(2);
  });
});

describe("explain", () => {
  it("proves a finding", async () => {
    const rule = loadRules([SHIPPED_RULES]).find(({ id }) => id === finding().rule);
    const card = rule === undefined ? null : cardOf(rule);
    await expect(explainFinding(finding(), STORY, card, "", PLAIN)).toMatchFileSnapshot(
      golden("explain.txt"),
    );
  });
});

describe("the catalogue", () => {
  const cards = loadRules([SHIPPED_RULES]).map(cardOf);

  const notDecidable = loadCatalogue().filter(({ not_decidable }) => not_decidable !== undefined);

  it("lists", async () => {
    await expect(listRules(cards, notDecidable, PLAIN)).toMatchFileSnapshot(golden("rules-list.txt"));
  });

  it("shows one rule", async () => {
    const card = cards.find(({ id }) => id === "topo-lock-stale");
    if (card === undefined) throw new Error("topo-lock-stale is gone");
    await expect(showRule(card, PLAIN)).toMatchFileSnapshot(golden("rules-show.txt"));
  });
});
