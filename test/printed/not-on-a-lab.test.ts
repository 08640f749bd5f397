import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Finding } from "../../src/findings/finding.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { operatorAt, type Said, vtdoctor } from "../cli/harness.js";
import { moving } from "../crash/scene.js";
import { folderOf, RULE } from "../rules/rule-text.js";
import { NOT_ON_A_LAB } from "./claims.js";
import { filledIn, printedIn, shapeOf, unwrapped } from "./commands.js";

const HOUR = 3_600_000;

/** What was printed and run here, as `where: shape`. */
const runHere = new Set<string>();

/** As test/vitess/lab/printed.ts does: the printed command, as a shell takes it apart. `type`: how vtdoctor is typed here. */
async function runPrinted(
  where: string,
  said: string | Said,
  begins: string,
  type: (argv: readonly string[]) => Promise<Said>,
  { values = {}, more = "", code = 0 } = {},
): Promise<Said> {
  const text = typeof said === "string" ? said : unwrapped(`${said.out}\n${said.err}`);
  const printed = printedIn(text, begins);
  const line = `${filledIn(printed.text, values)} ${more}`;
  const words = execFileSync("bash", ["-c", `vtdoctor() { printf '%s\\0' "$@"; }; ${line}`], {
    encoding: "utf8",
  });
  const done = await type(words.split("\0").slice(0, -1));
  expect(done.code, `${line}\n${done.out}${done.err}`).toBe(code);
  runHere.add(`${where}: ${shapeOf(printed.text)}`);
  return done;
}

/** A cancel of a MoveTables that Ctrl-C ended once its streams stood; its plan was saved before. */
async function interrupted() {
  const cluster = moving.build();
  const { folder, write } = operatorAt(cluster);
  const plan = join(folder, "plan.json");
  await write(`cancel moved.c2 --dry-run --out ${plan}`);
  const abort = new AbortController();
  const onNote = (note: string) => {
    if (note.startsWith("  done  02-")) abort.abort();
  };
  const said = await write(`fix --plan ${plan} --yes`, { signal: abort.signal, onNote });
  expect(said.code, said.err).toBe(5);
  const [run = ""] = readdirSync(join(folder, "runs"));
  const { sidecar } = cluster.tablet("zone1-0000000400").mysql.data;
  const states = () => [...new Set(sidecar.vreplication.map(({ state }) => state))];
  expect(states()).toEqual(["Stopped"]);
  return { cluster, folder, plan, run, states, write };
}

it("a run that is too old to go on is taken back", async () => {
  const { cluster, run, write, states } = await interrupted();
  cluster.clock.advance(25 * HOUR);
  const refused = await write(`resume ${run} --yes`);
  expect(refused.code).toBe(4);
  const type = (argv: readonly string[]) => write(argv.join(" "));
  await runPrinted("src/apply/preconditions", refused, "vtdoctor undo", type, { more: "--yes" });
  expect(states()).toEqual(["Running"]);
});

it("a run whose folder lost its plan goes on once the plan was given again", async () => {
  const { folder, plan, run, write, states } = await interrupted();
  rmSync(join(folder, "runs", run, "plan.json"));
  const refused = await write(`fix --plan ${plan} --yes`);
  expect([refused.code, states()]).toEqual([4, ["Stopped"]]);
  const type = (argv: readonly string[]) => write(argv.join(" "));
  await runPrinted("src/apply/execute", refused, "vtdoctor resume", type, { more: "--yes" });
  expect(states()).toEqual([]);
});

it("a rule of one's own that fails: its examples say so, and its text is shown", async () => {
  const rule = RULE.replace("shard = 'x'", "shard = '0'")
    .replace("shard: x }", 'shard: "0" }')
    .replace("@a/x", "@a/0");
  const folder = folderOf({
    "shard-named-x.yaml": rule.replace(
      "SELECT keyspace,",
      "SELECT json_extract('{', '$.a') AS broken, keyspace,",
    ),
    "shard-named-0.yaml": rule
      .replaceAll("shard-named-x", "shard-named-0")
      .replace(/^repair: .*/m, "repair: { steps: [rename it] }"),
  });
  const { type } = operatorAt(reshardingLab());
  const scanned = await type(`scan --format json --rules ${folder}`);
  if (scanned.code > 1) throw new Error(scanned.out + scanned.err);
  const findings = JSON.parse(scanned.out).findings as readonly Finding[];
  expect(JSON.parse(scanned.out).coverage.rules.failed).toEqual(["shard-named-x"]);
  const commandOf = (rule: string) => findings.find((one) => one.rule === rule)?.repair.command ?? "";
  const rules = (argv: readonly string[]) => vtdoctor(argv);
  const tested = await runPrinted(
    "src/rules/rule-failed",
    commandOf("rule-failed"),
    "vtdoctor rules test",
    rules,
    { code: 1 },
  );
  expect(tested.out).toMatch(/failed {2}shard-named-x: .*\n.*malformed JSON/);
  const explained = await type(commandOf("shard-named-0").replace("vtdoctor ", ""));
  expect([explained.code, explained.out]).toEqual([0, expect.stringContaining("rename it")]);
  const shown = await runPrinted("src/rules/card", explained, "vtdoctor rules show", rules);
  expect(shown.out).toContain("WHERE shard = '0'");
});

it("the list of the rules", async () => {
  const rules = (argv: readonly string[]) => vtdoctor(argv);
  const shown = await runPrinted(
    "src/report/rules",
    await vtdoctor(["rules", "list"]),
    "vtdoctor rules show",
    rules,
    { values: { ID: "topo-lock-stale" } },
  );
  expect(shown.out).toContain("topo-lock-stale");
});

it("all that is claimed was run here", () => {
  expect(Object.keys(NOT_ON_A_LAB).filter((one) => !runHere.has(one))).toEqual([]);
});
