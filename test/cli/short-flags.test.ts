import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { operatorAt, seed, vtdoctor } from "./harness.js";

describe("the flags that every tool has", () => {
  it("-f -o of a report, -q -v", async () => {
    const { folder, type } = operatorAt(seed());
    const file = join(folder, "report.json");
    const said = await type(`scan -q -f json -o ${file}`);
    expect([said.code, said.out, said.err]).toEqual([1, "", ""]);
    expect(JSON.parse(readFileSync(file, "utf8")).findings).toHaveLength(7);
    const [plain, verbose] = [await type("scan"), await type("scan -v")];
    expect(verbose.out.length).toBeGreaterThan(2 * plain.out.length);
  });

  it("-n -o of a plan, -y, and both letters in one", async () => {
    const { folder, write } = operatorAt(seed());
    const plan = join(folder, "plan.json");
    expect((await write(`fix --all -n -o ${plan}`)).code).toBe(1);
    expect(JSON.parse(readFileSync(plan, "utf8")).kind).toBe("vtdoctor-plan");
    const fixed = await write(`fix --plan ${plan} -yq`);
    expect([fixed.code, fixed.out]).toEqual([0, expect.stringContaining("verified")]);
    expect(fixed.err).not.toContain("done  01-");
  });
});

describe("the words that every tool has", () => {
  it("version", async () => {
    for (const typed of ["version", "--version", "-V", "-v", "scan --version"])
      expect(await vtdoctor(typed.split(" "))).toEqual({ code: 0, out: "0.0.0-test\n", err: "" });
  });

  it("help COMMAND, as COMMAND --help, -h and COMMAND help", async () => {
    const { code, out } = await vtdoctor(["fix", "--help"]);
    expect([code, out]).toEqual([0, expect.stringContaining("vtdoctor fix")]);
    for (const typed of ["help fix", "fix help", "fix -h"])
      expect(await vtdoctor(typed.split(" "))).toEqual({ code: 0, out, err: "" });
    for (const typed of ["help", "--help", "-h"])
      expect((await vtdoctor([typed])).out).toMatch(/explain[\s\S]*query/);
  });
});
