import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { emptyFolder, operatorAt, seed, vtdoctor } from "./harness.js";

const ROOT = "shard-missing-live-tablets@customer/-80";

/** A snapshot of the seed in a folder of its own. */
async function seedFile() {
  const at = operatorAt(seed());
  const file = join(at.folder, "seed.sqlite");
  await at.type(`scan --save-snapshot ${file}`);
  return { ...at, file };
}

describe("query", () => {
  it("prints a table or JSON, of a cluster or of a file", async () => {
    const { type, file, folder } = await seedFile();
    const sql = "SELECT workflow, count(*) AS streams, NULL AS position FROM stream GROUP BY workflow";
    const human = await vtdoctor(["query", sql, "--snapshot", file]);
    expect([human.code, human.out]).toEqual([
      0,
      expect.stringMatching(/│ c2\s+│ 2\s+│ NULL\s+│[\s\S]*1 row\n$/),
    ]);
    const json = JSON.parse((await vtdoctor(["query", sql, "--snapshot", file, "--format", "json"])).out);
    expect(json).toEqual({
      columns: ["workflow", "streams", "position"],
      rows: [{ workflow: "c2", streams: 2, position: null }],
    });
    expect((await type("query VALUES(1)")).out).toContain("1 row");
    const none = await vtdoctor([
      "query",
      "SELECT shard FROM shard WHERE 0",
      "--snapshot",
      file,
      "--output",
      join(folder, "out"),
    ]);
    expect([none.out, readFileSync(join(folder, "out"), "utf8")]).toEqual([
      "",
      expect.stringContaining("0 rows"),
    ]);
  });

  it("takes one SELECT and nothing else", async () => {
    const { file } = await seedFile();
    for (const sql of [
      "DELETE FROM shard",
      "SELECT 1; SELECT 2",
      "PRAGMA user_version",
      "SELECT nothing FROM shard",
    ]) {
      const said = await vtdoctor(["query", sql, "--snapshot", file]);
      expect([said.code, said.out, said.err]).toEqual([
        2,
        "",
        expect.stringMatching(/^vtdoctor: the query.*\n$/),
      ]);
    }
  });
});

describe("explain", () => {
  it("proves a finding by keys and revisions", async () => {
    const { file } = await seedFile();
    const said = await vtdoctor(["explain", ROOT, "--snapshot", file]);
    expect(said.code).toBe(0);
    for (const part of [
      "/vitess/global/keyspaces/customer/shards/-80/Shard",
      "revision",
      "DropTargets",
      "vtdoctor fix",
      "- of 12 query paths, judged after each step that can change them",
    ])
      expect(said.out).toContain(part);
    const json = await vtdoctor(["explain", ROOT, "--snapshot", file, "--format", "json"]);
    expect(JSON.parse(json.out)).toMatchObject({ id: ROOT, severity: "critical", state: "confirmed" });
    expect(JSON.parse(json.out)).toMatchObject({ foreseen: { paths: 12, taken: [] }, blocked: [] });
  });

  it("says what a rule means, without a cluster", async () => {
    const said = await vtdoctor(["explain", "topo-lock-stale"]);
    expect([said.code, said.out]).toEqual([0, expect.stringContaining("topo-lock-stale")]);
    const json = await vtdoctor(["explain", "topo-lock-stale", "--format", "json"]);
    expect(JSON.parse(json.out)).toMatchObject({ id: "topo-lock-stale" });
  });

  it("knows what was meant", async () => {
    const { file } = await seedFile();
    const said = await vtdoctor(["explain", "shard-missing-live-tablets@customer/-8", "--snapshot", file]);
    expect([said.code, said.err]).toEqual([2, expect.stringContaining(`Did you mean "${ROOT}"`)]);
  });

  it("of a line of a log lists the drifts that print it, best first, with what each is", async () => {
    const line = "W1125 10:00:00 tm_init.go:1] lock already exists at path /keyspaces/customer/locks/";
    const said = await vtdoctor(["explain", line]);
    expect(said).toMatchObject({ code: 0, err: "" });
    expect(said.out).toMatchInlineSnapshot(`
      "warning   topo-lock-stale  A Vitess lock is held longer than its operation may take
                prints: lock already exists at path ...

      vtdoctor explain RULE says what one of them means; vtdoctor scan, whether this cluster has it
      "
    `);
    const json = await vtdoctor([
      "explain",
      "some streams already exist in the target shards, please",
      "-f",
      "json",
    ]);
    expect(JSON.parse(json.out).map(({ rule }: { rule: string }) => rule)).toContain(
      "workflow-half-cancelled",
    );
  });

  it("of a line that no rule knows says so in one sentence", async () => {
    const said = await vtdoctor(["explain", "it worked very well today"]);
    expect([said.code, said.out]).toEqual([2, ""]);
    expect(said.err).toMatchInlineSnapshot(`
      "vtdoctor: explain: no rule has a message like "it worked very well today"; give more of the line, or the id of a rule (vtdoctor rules list) or of a finding (vtdoctor scan).
      "
    `);
  });

  it("--why-not says which condition of a rule an object does not meet, and what was looked at", async () => {
    const { file } = await seedFile();
    const [RULE, OBJECT] = ["retired-shard-still-running", "customer/-80"];
    const said = await vtdoctor(["explain", "--why-not", RULE, OBJECT, "--snapshot", file]);
    expect(said).toMatchObject({ code: 0, err: "" });
    expect(said.out.split("Looked at")[0]).toMatchInlineSnapshot(`
      "retired-shard-still-running does not find customer/-80.

      Without one of these conditions it would be found
        - o.retired = 1

      "
    `);
    expect(said.out).toMatch(/\n {2}- process: 2 rows\n/);
    const json = await vtdoctor([
      "explain",
      "--why-not",
      `${RULE}@${OBJECT}`,
      "--snapshot",
      file,
      "-f",
      "json",
    ]);
    expect(JSON.parse(json.out)).toMatchObject({ rule: RULE, object: OBJECT, found: null });
  });

  it("--why-not says so of what is found, suppressed, deferred or not there at all", async () => {
    const { file, folder } = await seedFile();
    const asked = async (...more: string[]) =>
      (await vtdoctor(["explain", "--why-not", ...more, "--snapshot", file], { cwd: folder })).out.split(
        "\n\n",
      )[0];
    expect(await asked("shard-missing-live-tablets", "customer/-80")).toMatchInlineSnapshot(
      `"shard-missing-live-tablets does find customer/-80: it is confirmed (its record was deleted at etcd revision 53)."`,
    );
    expect(await asked("shard-missing-live-tablets", "customer/-8")).toMatchInlineSnapshot(
      `"shard-missing-live-tablets does not find customer/-8: nothing that it reads has a row of that name."`,
    );
    const suppressions =
      "suppressions:\n  - { finding: shard-missing-live-tablets@customer/-80, reason: known, until: 2030-01-01 }\n";
    writeFileSync(join(folder, "vtdoctor.yaml"), suppressions);
    expect(await asked("shard-missing-live-tablets", "customer/-80")).toMatchInlineSnapshot(
      `"shard-missing-live-tablets finds customer/-80, but raises no alarm: it is suppressed (accepted until 2030-01-01: known)."`,
    );
  });

  it("--why-not without an object, or an object without it, is a sentence", async () => {
    const without = await vtdoctor(["explain", "--why-not", "topo-lock-stale"]);
    expect([without.code, without.err]).toEqual([2, expect.stringContaining("OBJECT is missing")]);
    const alone = await vtdoctor(["explain", "topo-lock-stale", "customer"]);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("one argument too many")]);
  });
});

describe("what is judged", () => {
  it("--rule, --fail-on", async () => {
    const { file } = await seedFile();
    const scan = async (...more: string[]) => vtdoctor(["scan", "--snapshot", file, ...more]);
    const only = JSON.parse((await scan("--rule", "stream-on-unlisted-tablet", "--format", "json")).out);
    expect(only.findings.map(({ rule }: { rule: string }) => rule)).toEqual(
      Array(2).fill("stream-on-unlisted-tablet"),
    );
    expect((await scan("--rule", "topo-lock-stale")).code).toBe(0);
    expect((await scan("--rule", "tablet-record-missing-live-process", "--fail-on", "critical")).code).toBe(
      0,
    );
    expect((await scan("--rule", "tablet-record-missing-live-process")).code).toBe(1);
  });

  it("--rules FOLDER, with its examples", async () => {
    const { file, folder } = await seedFile();
    mkdirSync(join(folder, "rules/mine"), { recursive: true });
    writeFileSync(join(folder, "rules/mine/shard-named-0.yaml"), RULE);
    const rules = ["--rules", join(folder, "rules")];
    const found = await vtdoctor(["scan", "--snapshot", file, ...rules, "--rule", "shard-named-0"]);
    expect(found.out).toContain("customer has a shard named 0");
    const tested = await vtdoctor(["rules", "test", "shard-named-0", ...rules]);
    expect([
      tested.code,
      tested.out
        .trim()
        .split("\n")
        .map((line) => line.slice(0, 6)),
    ]).toEqual([0, ["passed", "passed"]]);
    writeFileSync(
      join(folder, "rules/mine/shard-named-0.yaml"),
      RULE.replace("finds: [shard-named-0@customer/0]", "finds: [shard-named-0@customer/1]"),
    );
    const failed = await vtdoctor(["rules", "test", "shard-named-0", ...rules]);
    expect([failed.code, failed.out]).toEqual([1, expect.stringContaining("shard-named-0@customer/1")]);
  });

  it("suppressions, until their day", async () => {
    const { file } = await seedFile();
    const scan = async (until: string) => {
      const cwd = emptyFolder();
      writeFileSync(
        join(cwd, "vtdoctor.yaml"),
        `suppressions:\n  - finding: "shard-missing-live-tablets@customer/*"\n    reason: known\n    until: ${until}\n`,
      );
      return vtdoctor(["scan", "--snapshot", file, "--format", "json"], { cwd });
    };
    const accepted = await scan("2026-11-26");
    expect([accepted.code, JSON.parse(accepted.out).summary.states.suppressed]).toEqual([0, 7]);
    const expired = await scan("2026-11-24");
    expect([expired.code, JSON.parse(expired.out).summary]).toEqual([
      1,
      expect.objectContaining({
        expiredSuppressions: [
          { finding: "shard-missing-live-tablets@customer/*", reason: "known", until: "2026-11-24" },
        ],
      }),
    ]);
  });
});

describe("the list of the rules", () => {
  it("has the drifts that no rule can tell from outside, with what that would take", async () => {
    const all = JSON.parse((await vtdoctor(["rules", "list", "--format", "json"])).out);
    expect(all.rules).toContainEqual(
      expect.objectContaining({ id: "topo-lock-stale", drifts: ["J1", "J2"] }),
    );
    expect(all.notDecidable.length).toBeGreaterThan(0);
    const text = (await vtdoctor(["rules", "list"])).out;
    for (const { id, name } of all.notDecidable) expect(text).toContain(`${id}  ${name}`);
    const one = JSON.parse((await vtdoctor(["rules", "list", "topo-lock-stale", "--format", "json"])).out);
    expect([one.rules.length, one.notDecidable]).toEqual([1, []]);
  });
});

describe("the rules' own examples", () => {
  it("are run, on the recorded clusters too", async () => {
    const said = await vtdoctor(["rules", "test", "topo-lock-stale", "--format", "json"]);
    const results: { outcome: string }[] = JSON.parse(said.out);
    expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
    expect([said.code, results.length > 3]).toEqual([0, true]);
  });
});

describe("how it is printed", () => {
  const RED = "\u001b[";

  it("in colour where somebody sees it", async () => {
    const { file } = await seedFile();
    const scan = async (env: NodeJS.ProcessEnv, outIsTerminal: boolean, ...more: string[]) =>
      (await vtdoctor(["scan", "--snapshot", file, ...more], { env, outIsTerminal })).out.includes(RED);
    expect(await scan({}, true)).toBe(true);
    expect(await scan({}, false)).toBe(false);
    expect(await scan({ TERM: "xterm" }, true)).toBe(true);
    expect(await scan({ TERM: "dumb" }, true)).toBe(false);
    expect(await scan({ TERM: "dumb", FORCE_COLOR: "1" }, true)).toBe(true);
    expect(await scan({ NO_COLOR: "1" }, true)).toBe(false);
    expect(await scan({ FORCE_COLOR: "1" }, false)).toBe(true);
    expect(await scan({ NO_COLOR: "1", FORCE_COLOR: "1" }, true)).toBe(false);
    expect(await scan({}, true, "--no-color")).toBe(false);
    expect(await scan({ NO_COLOR: "1" }, false, "--color")).toBe(true);
  });

  it("--output FILE takes the result, also when there is none", async () => {
    const { file, folder } = await seedFile();
    const path = join(folder, "result.json");
    const said = await vtdoctor(["scan", "--snapshot", file, "--format", "json", "--output", path]);
    expect([said.code, said.out, JSON.parse(readFileSync(path, "utf8")).exit.code]).toEqual([1, "", 1]);
    const failed = await vtdoctor(["scan", "--snapshot", "missing", "--format", "json", "--output", path]);
    expect([failed.code, failed.out, JSON.parse(readFileSync(path, "utf8")).exit.code]).toEqual([2, "", 2]);
    const nowhere = await vtdoctor([
      "scan",
      "--snapshot",
      file,
      "--format",
      "json",
      "--output",
      join(folder, "no/where"),
    ]);
    expect([nowhere.code, JSON.parse(nowhere.out).exit.code]).toEqual([2, 2]);
  });

  it("--quiet leaves the steps out, VTDOCTOR_FORMAT asks for a format, a flag wins", async () => {
    const { write, type } = operatorAt(seed());
    const env = { VTDOCTOR_FORMAT: "json" };
    expect(JSON.parse((await type("scan", { env })).out).exit.code).toBe(1);
    expect(JSON.parse((await type("scan --nothing", { env })).out).exit.code).toBe(2);
    expect((await type("scan --format human", { env })).out).toContain("SEVERITY");
    const fixed = await write(`fix ${ROOT} --yes --quiet --format json`);
    expect([fixed.code, fixed.err]).toEqual([0, ""]);
  });
});

describe("what was meant", () => {
  it("by a finding, a keyspace, a workflow", async () => {
    const { write } = operatorAt(reshardingLab({ version: "19.0.10" }));
    const said = async (line: string) => {
      const { code, err } = await write(line);
      expect(code).toBe(2);
      return err;
    };
    expect(await said("cancel custmer.c2 --yes")).toContain('Did you mean "customer"');
    expect(await said("cancel customer.c1 --yes")).toContain('Did you mean "c2"');
    expect(await said("cancel customer.typo --yes")).toContain(
      "customer has no workflow typo, and nothing is left of one; it has c2.",
    );
    const script = await write("cancel customer.typo --yes --missing-ok");
    expect([script.code, script.out]).toEqual([0, expect.stringContaining("it has c2")]);
    expect(await operatorAt(seed()).write("fix shard-missing-live-tablets@customer/-8 --yes")).toMatchObject({
      code: 2,
      err: expect.stringContaining(`Did you mean "${ROOT}"`),
    });
  });
});

const RULE = `id: shard-named-0
title: A shard is named 0
drifts: []
severity: warning
because: nobody can guess its key range
needs: [topology]
query: SELECT keyspace, shard, key, revision FROM shard WHERE shard = '0' ORDER BY keyspace
object: { keyspace: keyspace, shard: shard }
locator: "{keyspace}/{shard}"
symptom: "{keyspace} has a shard named 0"
evidence:
  - { fact: the record exists, source: "{key}", at: "{revision}", query: "SELECT * FROM shard WHERE keyspace = {keyspace}" }
impact: None.
cause: Somebody named it so.
repair: { class: manual, command: "vtdoctor explain {id}", steps: [leave it] }
messages: []
examples:
  sick:
    - { name: one, rows: { shard: [{ keyspace: customer, shard: "0" }] }, finds: [shard-named-0@customer/0] }
  healthy:
    - { name: another name, rows: { shard: [{ keyspace: customer, shard: "-80" }] } }
`;
