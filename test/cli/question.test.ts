import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { operatorAt, type Said, seed } from "./harness.js";

const ROOT = "shard-missing-live-tablets@customer/-80";

const question = ({ err }: Said) => /^.*Type yes: $/m.exec(err)?.[0];

describe("the question", () => {
  it("says how much, where, and whether it can be undone", async () => {
    const repair = await operatorAt(seed()).write("fix --all", { answer: "no" });
    expect(question(repair)).toBe("13 steps on etcd-global:2379 /vitess/global, no undo. Type yes: ");
    const cluster = reshardingLab({ version: "24.0.4" });
    const at = operatorAt(cluster);
    const cancel = await at.write("cancel customer.c2", { answer: "yes" });
    expect(cancel.code, cancel.err).toBe(0);
    expect(question(cancel)).toBe(
      "8 steps on etcd-global:2379 /vitess/global, undo for 2 of 6 changes. Type yes: ",
    );
  });
});

describe("resume", () => {
  async function interrupted() {
    const cluster = seed();
    const at = operatorAt(cluster);
    const interrupt = new AbortController();
    await at.write(`fix ${ROOT} --yes`, {
      signal: interrupt.signal,
      onNote: (line) => {
        if (line.includes("done  01-stream.stop")) interrupt.abort();
      },
    });
    const [run = ""] = readdirSync(join(at.folder, "runs"));
    return { ...at, cluster, run };
  }

  it("shows what is left, and asks", async () => {
    const { cluster, run, write } = await interrupted();
    const { revision } = cluster.topology.global.etcd;
    const no = await write(`resume ${run}`, { answer: "no" });
    expect([no.code, no.err]).toEqual([4, expect.stringContaining("not confirmed")]);
    expect(no.err).toMatch(new RegExp(`^What is left of run ${run}, 7 of 8 steps:\n`));
    expect(no.err).toContain("deletes stream 1 of c2");
    expect(no.err).not.toContain("stops stream 1 of c2");
    expect(question(no)).toBe("7 steps on etcd-global:2379 /vitess/global, no undo. Type yes: ");
    const nobody = await write(`resume ${run}`);
    expect([nobody.code, nobody.err]).toEqual([4, expect.stringContaining("give --yes")]);
    expect(cluster.topology.global.etcd.revision).toBe(revision);
    const yes = await write(`resume ${run}`, { answer: "yes" });
    expect([yes.code, yes.out]).toEqual([0, expect.stringContaining("verified")]);
    const again = await write(`resume ${run}`);
    expect([again.code, question(again)]).toEqual([0, undefined]);
  });

  it("--format json has the one document, and no plan on the screen", async () => {
    const { run, write } = await interrupted();
    const said = await write(`resume ${run} --format json --yes --quiet`);
    expect([said.code, said.err, JSON.parse(said.out).exit.code]).toEqual([0, "", 0]);
  });
});
