import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Owner } from "../../src/apply/runs/folder-owner.js";
import { abandonedLocks, type JournalRecord } from "../../src/apply/runs/journal.js";
import { createRunFolder, openRunFolder } from "../../src/apply/runs/run-folder-disk.js";
import type { Plan } from "../../src/plan/plan.js";

let runs: string;
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), "vtdoctor-runs-"));
});
afterEach(() => rmSync(runs, { recursive: true, force: true }));

const plan: Plan = {
  kind: "vtdoctor-plan",
  schema: 1,
  id: "r1",
  operation: "fix",
  command: "vtdoctor fix",
  createdAt: 0,
  expiresAt: 1,
  cluster: {
    globalServer: "e",
    globalRoot: "/g",
    clusterIds: {},
    marks: [],
    roots: [{ name: "global", server: "e", root: "/g" }],
  },
  repairs: [],
  premises: [],
  stages: [],
  blocked: [],
  notes: [],
};

const owner = (pid: number, alive: readonly number[], hostName = "doctor-1"): Owner => ({
  pid,
  hostName,
  place: "boot-1 pid:[1]",
  machine: "m1",
  began: "5",
  isAlive: (other) => alive.includes(other),
  hasOnDisk: () => true,
});

const record = (said: string): JournalRecord => ({
  at: "2026-11-24T22:00:00.000Z",
  kind: "stopped",
  because: said,
});

describe("a run's folder", () => {
  it("shows again what was appended, whatever its text", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
        rmSync(join(runs, "r1"), { recursive: true, force: true });
        const folder = createRunFolder(runs, plan, owner(1, [1]));
        for (const text of texts) folder.append(record(text));
        folder.close();
        const again = openRunFolder(runs, "r1", owner(1, [1]));
        expect(again.records()).toEqual(texts.map(record));
        expect(again.plan).toEqual(plan);
        again.close();
      }),
      { numRuns: 20 },
    );
  });

  it("leaves out a torn last record, at whatever byte it was torn, and goes on behind it", () => {
    const line = `${JSON.stringify(record("torn 'ü' \\ record"))}\n`;
    for (let bytes = 0; bytes < Buffer.byteLength(line); bytes++) {
      rmSync(join(runs, "r1"), { recursive: true, force: true });
      const folder = createRunFolder(runs, plan, owner(1, [1]));
      folder.append(record("whole"));
      folder.close();
      appendFileSync(join(folder.path, "journal.jsonl"), Buffer.from(line).subarray(0, bytes));
      const again = openRunFolder(runs, "r1", owner(1, [1]));
      expect(again.records()).toEqual([record("whole")]);
      again.append(record("next"));
      again.close();
      const lines = readFileSync(join(folder.path, "journal.jsonl"), "utf8").trimEnd().split("\n");
      expect(lines.map((text) => JSON.parse(text).because)).toEqual(["whole", "next"]);
    }
  });

  it("does not guess what a damaged record in the middle said", () => {
    const folder = createRunFolder(runs, plan, owner(1, [1]));
    folder.close();
    writeFileSync(join(folder.path, "journal.jsonl"), `{"kind":\n${JSON.stringify(record("x"))}\n`);
    expect(() => openRunFolder(runs, "r1", owner(1, [1]))).toThrow(/journal\.jsonl:1 is no journal record/);
    expect(existsSync(join(folder.path, "executor.lock"))).toBe(false);
  });

  it("consumes a plan once", () => {
    createRunFolder(runs, plan, owner(1, [1])).close();
    expect(() => createRunFolder(runs, plan, owner(1, [1]))).toThrow(/vtdoctor resume r1/);
  });

  it("keeps the first before-image of a step", () => {
    const rebuild = (id: string) => ({
      ...({ kind: "srvvschema.rebuild", id, class: "safe", destroys: "metadata", cells: [] } as const),
    });
    const [odd, long] = ["01-a/../b", `02-${"cell-".repeat(60)}`];
    const steps = [rebuild(odd), rebuild(long)];
    const folder = createRunFolder(
      runs,
      { ...plan, stages: [{ title: "s", locks: [], steps }] },
      owner(1, [1]),
    );
    const file = "before/01-srvvschema.rebuild.json";
    expect(folder.keepBefore(odd, { a: 1 })).toBe(file);
    folder.keepBefore(odd, { a: 2 });
    expect(folder.keepBefore(long, {})).toBe("before/02-srvvschema.rebuild.json");
    expect(JSON.parse(readFileSync(join(folder.path, file), "utf8"))).toEqual({ a: 1 });
    folder.close();
  });

  it("adds a section of a title once", () => {
    const folder = createRunFolder(runs, plan, owner(1, [1]));
    folder.addSection("deferred-keys.sql", "zone1-200", "alter table a add key b (b);");
    folder.addSection("deferred-keys.sql", "zone1-300", "alter table c add key d (d);");
    const file = folder.addSection("deferred-keys.sql", "zone1-200", "alter table a add key b (b);");
    expect(readFileSync(file, "utf8")).toBe(
      "-- zone1-200\nalter table a add key b (b);\n\n-- zone1-300\nalter table c add key d (d);\n\n",
    );
    folder.close();
  });

  it("says that a run does not exist", () => {
    expect(() => openRunFolder(runs, "r2", owner(1, [1]))).toThrow(/there is no run r2/);
  });
});

describe("the executor of a run's folder", () => {
  it("is one process at a time", () => {
    const folder = createRunFolder(runs, plan, owner(1, [1, 2]));
    expect(() => openRunFolder(runs, "r1", owner(2, [1, 2]))).toThrow(/executed by process 1 on doctor-1/);
    folder.close();
    openRunFolder(runs, "r1", owner(2, [1, 2])).close();
  });

  it("is succeeded when it died", () => {
    createRunFolder(runs, plan, owner(1, [1]));
    openRunFolder(runs, "r1", owner(2, [2])).close();
  });

  it("is not succeeded from another host, where nobody can know", () => {
    createRunFolder(runs, plan, owner(1, [1]));
    expect(() => openRunFolder(runs, "r1", owner(2, [2], "doctor-2"))).toThrow(/process 1 on doctor-1/);
  });

  it.each([
    ["boot-1 pid:[2]", "boot-1 pid:[1]"],
    [null, "boot-1 pid:[1]"],
    ["boot-1 pid:[1]", null],
    [null, null],
  ])("is not succeeded where its pid may mean another process: of %s, from %s", (place, here) => {
    createRunFolder(runs, plan, { ...owner(1, [1]), place });
    const other = { ...owner(2, [2]), place: here };
    expect(() => openRunFolder(runs, "r1", other)).toThrow(/can not be told from here/);
  });

  const restarted = (hostName?: string): Owner => ({
    ...owner(2, [1, 2], hostName),
    place: "boot-2 pid:[1]",
  });

  it("is succeeded when its machine was restarted", () => {
    createRunFolder(runs, plan, owner(1, [1]));
    openRunFolder(runs, "r1", restarted()).close();
  });

  it.each([
    ["another machine", { ...restarted(), machine: "m2" }, "m1"],
    ["a machine that can not be told", { ...restarted(), machine: null }, "m1"],
    ["a machine, which its own process did not know", restarted(), null],
    ["neither", { ...restarted(), machine: null }, null],
    ["another host", restarted("doctor-2"), "m1"],
    ["a machine that may share the folder", { ...restarted(), hasOnDisk: () => false }, "m1"],
    ["a container", { ...restarted(), place: "boot-2 pid:[2]" }, "m1"],
    ["a boot that can not be told", { ...restarted(), place: null }, "m1"],
  ])("is not succeeded after a restart, by the word of %s", (_, other, machine) => {
    createRunFolder(runs, plan, { ...owner(1, [1]), machine });
    expect(() => openRunFolder(runs, "r1", other)).toThrow(/can not be told from here/);
  });

  it("asks for the process that began when it did, as a pid comes again", () => {
    createRunFolder(runs, plan, owner(1, [1]));
    const asked: unknown[] = [];
    const isAlive = (pid: number, began: string) => asked.push([pid, began]) === 0;
    openRunFolder(runs, "r1", { ...owner(2, [2]), isAlive }).close();
    expect(asked).toEqual([[1, "5"]]);
  });

  it("is not succeeded where an older vtdoctor did not say its place", () => {
    const folder = createRunFolder(runs, plan, owner(1, [1]));
    writeFileSync(join(folder.path, "executor.lock"), '{"pid":1,"hostName":"doctor-1"}');
    expect(() => openRunFolder(runs, "r1", owner(2, [2]))).toThrow(/remove .*executor\.lock once you know/);
  });

  it("is succeeded when its file was cut short by the crash", () => {
    const folder = createRunFolder(runs, plan, owner(1, [1]));
    writeFileSync(join(folder.path, "executor.lock"), '{"pid":');
    openRunFolder(runs, "r1", owner(2, [1, 2])).close();
  });
});

describe("locks in a journal", () => {
  it("are abandoned from the moment they were taken until they were given back", () => {
    const lock = { name: "keyspace customer", server: "e", key: "/k", lease: "7", createRevision: 3 };
    const at = "2026-11-24T22:00:00.000Z";
    const locked: JournalRecord = { at, kind: "locked", stage: "s", locks: [lock] };
    expect(abandonedLocks([locked])).toEqual([lock]);
    expect(abandonedLocks([locked, { at, kind: "unlocked", stage: "s" }])).toEqual([]);
  });
});
