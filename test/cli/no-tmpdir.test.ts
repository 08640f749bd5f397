import { closeSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { operatorAt, seed, vtdoctor } from "./harness.js";

/** As in a container with a read-only root file system: nothing can be made in TMPDIR. */
describe("without a temporary folder", () => {
  const { TMPDIR } = process.env;
  let cwd: string;
  let file: string;

  beforeEach(async () => {
    const { folder, type } = operatorAt(seed());
    cwd = folder;
    file = join(folder, "seed.sqlite");
    await type(`scan --save-snapshot ${file}`);
    process.env.TMPDIR = join(folder, "missing");
  });
  afterEach(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });

  it("a saved snapshot is judged and asked, and nothing is left beside it", async () => {
    const scanned = await vtdoctor(["scan", "--snapshot", file], { cwd });
    expect([scanned.code, scanned.out]).toEqual([1, expect.stringContaining("4 critical, 3 warning")]);
    const asked = await vtdoctor(
      ["query", "SELECT shard FROM shard", "--snapshot", file, "--format", "json"],
      { cwd },
    );
    expect([asked.code, JSON.parse(asked.out)]).toEqual([0, { columns: ["shard"], rows: [{ shard: "0" }] }]);
    expect(readdirSync(cwd)).toEqual(["seed.sqlite"]);
  });

  it("a live look is judged and asked", async () => {
    const { type } = operatorAt(seed(), cwd);
    expect((await type("scan")).code).toBe(1);
    expect((await type("query VALUES(1)")).out).toContain("1 row");
    const wrong = await type("query SELECT(abs(-9223372036854775808))");
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("integer overflow")]);
  });

  it("a snapshot that can not be copied beside itself is exit 2 that names TMPDIR, and so is the demo", async () => {
    const open = openSync(file, "r");
    for (const typed of [["scan", "--snapshot", `/proc/self/fd/${open}`], ["demo"]]) {
      const said = await vtdoctor(typed, { cwd });
      expect([said.code, said.err]).toEqual([
        2,
        expect.stringMatching(
          /^vtdoctor: there is no folder for a temporary file \(.*missing: ENOENT.*\): set TMPDIR to .*\n$/,
        ),
      ]);
    }
    closeSync(open);
  });
});
