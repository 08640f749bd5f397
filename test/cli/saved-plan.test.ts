import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { emptyFolder, operatorAt, seed } from "./harness.js";

const ROOT = "shard-missing-live-tablets@customer/-80";

const edit = (file: string, change: (plan: ReturnType<typeof JSON.parse>) => unknown): void =>
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));

/** A saved plan for the seed. */
async function saved(name = "plan.json") {
  const cluster = seed();
  const at = operatorAt(cluster);
  const plan = join(at.folder, name);
  const said = await at.write(`fix --all --dry-run --out ${plan} --max-tablets 2`);
  return { ...at, cluster, plan, said };
}

describe("a saved plan", () => {
  it("says that it is saved, and what executes exactly it", async () => {
    const { plan, said, write } = await saved();
    expect(said.err).toBe(
      `Saved ${plan}. To do exactly this, with the same connection:\n    vtdoctor fix --plan ${plan} --max-tablets 3\n`,
    );
    expect((await write(`fix --plan ${plan} --max-tablets 3 --yes`)).code).toBe(0);
  });

  it("with a name that a shell would split", async () => {
    const { said } = await saved("it's$mine.json");
    expect(said.err).toMatch(/vtdoctor fix --plan '\/[^\n]*it'\\''s\$mine.json' --max-tablets 3\n$/);
  });

  it("may be laid out anew, and not changed by a word: both looks at the stopped streams", async () => {
    const { cluster, plan, write } = await saved();
    const { revision } = cluster.topology.global.etcd;
    const whole = readFileSync(plan, "utf8");
    edit(plan, (made) => ({
      ...made,
      stages: made.stages.map((stage: { steps: { kind: string }[] }) => ({
        ...stage,
        steps: stage.steps.filter(({ kind }) => kind !== "stream.verify-stopped"),
      })),
    }));
    const edited = await write(`fix --plan ${plan} --yes`);
    expect([edited.code, edited.err]).toEqual([
      2,
      expect.stringMatching(
        /was changed after it was made .* make a new one with `vtdoctor fix --all --dry-run/,
      ),
    ]);
    edit(plan, ({ sha256: _, ...made }) => made);
    const bare = await write(`fix --plan ${plan} --yes`);
    expect([bare.code, bare.err]).toEqual([2, expect.stringContaining("has no sha256")]);
    expect(cluster.topology.global.etcd.revision).toBe(revision);
    writeFileSync(plan, whole);
    edit(plan, (made) => Object.fromEntries(Object.entries(made).reverse()));
    expect((await write(`fix --plan ${plan} --yes`)).code).toBe(0);
  });

  it("is in the JSON document too, as --plan takes it", async () => {
    const { write } = operatorAt(seed());
    const plan = join(emptyFolder(), "plan.json");
    writeFileSync(plan, (await write(`fix ${ROOT} --dry-run --format json`)).out);
    edit(plan, (document) => document.plan);
    expect((await write(`fix --plan ${plan} --yes`)).code).toBe(0);
  });
});

/** A saved plan whose run was stopped in its first steps. */
async function stopped() {
  const { folder, write, plan } = await saved();
  const interrupt = new AbortController();
  const onNote = (line: string) => {
    if (line.includes("stream.stop")) interrupt.abort();
  };
  await write(`fix --plan ${plan} --yes`, { signal: interrupt.signal, onNote });
  const [run = ""] = readdirSync(join(folder, "runs"));
  return { folder, write, run };
}

describe("the plan of a run", () => {
  it("is the one that its journal names, or nothing goes on with it", async () => {
    const { folder, write, run } = await stopped();
    const own = join(folder, "runs", run, "plan.json");
    const [started] = readFileSync(join(folder, "runs", run, "journal.jsonl"), "utf8").split("\n");
    expect(JSON.parse(started ?? "")).toMatchObject({
      kind: "started",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    edit(own, ({ sha256: _, ...plan }) => ({ ...plan, stages: plan.stages.slice(0, 1) }));
    for (const command of ["resume", "undo"]) {
      const said = await write(`${command} ${run} --yes`);
      expect([said.code, said.err]).toEqual([
        expect.any(Number),
        expect.stringContaining("is not the plan that run"),
      ]);
      expect(said.code).toBeGreaterThan(1);
    }
  });

  it("that was begun before there was a sha256 goes on", async () => {
    const { folder, write, run } = await stopped();
    edit(join(folder, "runs", run, "plan.json"), ({ sha256: _, ...plan }) => plan);
    const journal = join(folder, "runs", run, "journal.jsonl");
    writeFileSync(journal, readFileSync(journal, "utf8").replaceAll(/,"sha256":"\w+"/g, ""));
    expect((await write(`resume ${run} --yes`)).code).toBe(0);
  });
});
