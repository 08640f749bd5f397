import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { switchReads } from "../sim/native/switch-traffic.js";
import { emptyFolder, operatorAt, type Said, seed, vtdoctor } from "./harness.js";

const schema = JSON.parse(
  readFileSync(new URL("../../src/findings/document.schema.json", import.meta.url), "utf8"),
);
const fits = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

/** The one JSON document on stdout. */
const json = (said: Said) => JSON.parse(said.out);

const scanned = (said: Said) => {
  const document = json(said);
  expect(fits(document) ? [] : fits.errors).toEqual([]);
  expect(document.exit.code).toBe(said.code);
  return document;
};

const nagios = (said: Said) => {
  expect(said.out).toMatch(/^VTDOCTOR (OK|WARNING|CRITICAL|UNKNOWN): .+\n/);
  return said.out.split("\n")[0];
};

describe("0, ok", () => {
  it("a healthy cluster", async () => {
    const { type } = operatorAt(reshardingLab({ version: "19.0.10" }));
    const human = await type("scan");
    expect([human.code, human.out, human.err]).toEqual([
      0,
      expect.stringMatching(/^no findings; \d+ rules judged 4 tablets/),
      "",
    ]);
    expect(scanned(await type("scan --format json")).findings).toEqual([]);
    const plugin = await type("scan --format nagios");
    expect([plugin.code, nagios(plugin)]).toEqual([0, expect.stringContaining("VTDOCTOR OK")]);
  });

  it("a repair that a new scan confirms", async () => {
    const cluster = seed();
    const { type, write } = operatorAt(cluster);
    const ids = scanned(await type("scan --format json")).findings.map(({ id }: { id: string }) => id);
    const plan = join(emptyFolder(), "plan.json");
    const dry = await write(`fix --all --dry-run --out ${plan}`);
    expect(dry.code).toBe(1);
    const fixed = await write(`fix --plan ${plan} --yes --format json`);
    expect(fixed.code, fixed.err).toBe(0);
    expect(json(fixed)).toMatchObject({
      exit: { code: 0, name: "ok", reasons: [] },
      plan: { repairs: [...ids].sort() },
      verification: { persisting: [], appeared: [] },
    });
    expect(json(fixed).results).toHaveLength(
      json(fixed).plan.stages.flatMap((each: { steps: [] }) => each.steps).length,
    );
    expect((await type("scan")).code).toBe(0);
    const again = await write(`fix --plan ${plan} --yes`);
    expect([again.code, again.err]).toEqual([4, expect.stringContaining("was started before")]);
  });

  it("nothing to do", async () => {
    const said = await operatorAt(reshardingLab()).write("fix --all --yes");
    expect([said.code, said.out]).toEqual([0, "nothing to do\n"]);
  });

  it("what is left is information without a repair: no failure, unless it was asked for by its name", async () => {
    const cluster = seed();
    const { folder, type, write } = operatorAt(cluster);
    const plan = join(folder, "plan.json");
    await write(`fix --all --dry-run --out ${plan}`);
    expect((await write(`fix --plan ${plan} --yes`)).code).toBe(0);
    const left = scanned(await type("scan --format json")).findings.map(({ id }: { id: string }) => id);
    expect(left).toEqual([expect.stringMatching(/^cancelled-workflow-target-residue@/), expect.anything()]);
    for (const line of ["fix --all --yes", "fix --keyspace customer --yes"]) {
      const said = await write(line);
      expect([said.code, said.out]).toEqual([0, expect.stringMatching(/^nothing to do\nleft as it is/)]);
      for (const id of left) expect(said.out).toContain(id);
    }
    expect((await write(`fix ${left[0]} --yes`)).code).toBe(4);
  });
});

describe("1, findings", () => {
  it("the seed", async () => {
    const { type } = operatorAt(seed());
    const human = await type("scan");
    expect(human.code).toBe(1);
    expect(human.out).toContain("next: vtdoctor fix shard-missing-live-tablets@customer/-80");
    expect(scanned(await type("scan --format json")).exit).toMatchObject({ code: 1, name: "findings" });
    const plugin = await type("scan --format nagios");
    expect([plugin.code, nagios(plugin)]).toEqual([2, expect.stringContaining("VTDOCTOR CRITICAL")]);
    expect((await type("scan --fail-on never")).code).toBe(0);
  });

  it("a dry run that would do something", async () => {
    const { write } = operatorAt(seed());
    const human = await write("fix --all --dry-run");
    expect([human.code, human.out]).toEqual([1, expect.stringContaining("13 steps, 2 destroying metadata")]);
    const document = json(await write("fix --all --dry-run --format json"));
    expect(document).toMatchObject({ exit: { code: 1, name: "findings" }, plan: { kind: "vtdoctor-plan" } });
  });
});

describe("2, usage", () => {
  it("an unknown flag", async () => {
    const { type } = operatorAt(reshardingLab());
    expect((await type("scan --verbse")).code).toBe(2);
    expect(scanned(await type("scan --verbse --format json")).exit).toMatchObject({ name: "usage" });
    const plugin = await type("scan --verbse --format nagios");
    expect([plugin.code, nagios(plugin)]).toEqual([3, expect.stringContaining("--verbse")]);
  });
});

describe("3, incomplete", () => {
  it("a tablet that does not answer", async () => {
    const cluster = reshardingLab();
    cluster.faults.hang("zone1-0000000201");
    const { type } = operatorAt(cluster);
    const human = await type("scan");
    expect([human.code, human.out]).toEqual([3, expect.stringContaining("Not seen")]);
    expect(scanned(await type("scan --format json")).exit).toMatchObject({ name: "incomplete" });
    const plugin = await type("scan --format nagios");
    expect([plugin.code, nagios(plugin)]).toEqual([3, expect.stringContaining("VTDOCTOR UNKNOWN")]);
  });
});

describe("4, refused", () => {
  const refused = (said: Said, ...parts: readonly string[]) => {
    expect(said.code, said.out + said.err).toBe(4);
    for (const part of parts) expect(said.out + said.err).toContain(part);
  };

  it("a cancel after traffic was switched, also on a snapshot", async () => {
    const cluster = reshardingLab();
    cluster.run(switchReads(cluster, { keyspace: "customer", workflow: "c2" }));
    const { folder, type } = operatorAt(cluster);
    const file = join(folder, "switched.sqlite");
    await type(`scan --save-snapshot ${file}`);
    const revision = cluster.topology.global.etcd.revision;
    refused(await type("cancel customer.c2 --yes"), "zone1", "reversetraffic");
    expect(cluster.topology.global.etcd.revision).toBe(revision);
    refused(await vtdoctor(["cancel", "customer.c2", "--dry-run", "--snapshot", file]), "zone1");
    const said = await vtdoctor([
      "cancel",
      "customer.c2",
      "--dry-run",
      "--snapshot",
      file,
      "--format",
      "json",
    ]);
    expect(json(said)).toMatchObject({ exit: { code: 4, name: "refused" } });
  });

  it("no terminal and no --yes, no as an answer, and --yes for what nobody named or reviewed", async () => {
    const cluster = seed();
    const { write } = operatorAt(cluster);
    const revision = cluster.topology.global.etcd.revision;
    refused(await write("fix --all"), "no terminal", "--yes", "Nothing was changed");
    refused(await write("fix --all", { answer: "no" }), "not confirmed");
    refused(await write("fix --all --yes"), "--yes alone", "--plan FILE");
    expect(json(await write("fix --all --yes --format json"))).toMatchObject({ exit: { name: "refused" } });
    expect(cluster.topology.global.etcd.revision).toBe(revision);
  });

  it("a plan of another cluster", async () => {
    const { folder, write } = operatorAt(seed());
    const plan = join(folder, "plan.json");
    await write(`fix --all --dry-run --out ${plan}`);
    const other = reshardingLab({ version: "19.0.10", globalServer: "elsewhere:2379" });
    refused(
      await operatorAt(other).write(`fix --plan ${plan} --yes`),
      "etcd-global:2379",
      "make a new one here",
    );
  });

  it("what only the operator can decide: each reason and what to do instead", async () => {
    const cluster = seed();
    cluster.topology.global.etcd.compact(cluster.topology.global.etcd.revision);
    const inventory = join(emptyFolder(), "inventory.yaml");
    const tablets = cluster.tablets.map(
      ({ host, grpcPort, vtPort }) => `{host: ${host}, grpc: ${grpcPort}, http: ${vtPort}}`,
    );
    writeFileSync(inventory, `tablets: [${tablets.join(", ")}]\n`);
    const { write } = operatorAt(cluster);
    const said = await write(`fix --all --yes --inventory ${inventory} --settle 30s`);
    refused(said, "shard-missing-live-tablets@customer/-80", "--orphans restore");
    expect([said.out, said.err]).toEqual(["", expect.stringMatching(/^vtdoctor: nothing was changed.*\n- /)]);
    const document = json(await write(`fix --all --yes --inventory ${inventory} --settle 30s --format json`));
    expect(document.exit.reasons.join()).toContain("--orphans");
  });
});

describe("5, interrupted", () => {
  it("Ctrl-C finishes the step; resume goes on to the same end", async () => {
    const cluster = seed();
    const { folder, write } = operatorAt(cluster);
    const interrupt = new AbortController();
    const plan = join(folder, "plan.json");
    await write(`fix --all --dry-run --out ${plan}`);
    const stopped = await write(`fix --plan ${plan} --yes --format json`, {
      signal: interrupt.signal,
      onNote: (line) => {
        if (line.includes("stream.stop-zone1-0000000300")) interrupt.abort();
      },
    });
    expect(stopped.code, stopped.err).toBe(5);
    const [run = ""] = readdirSync(join(folder, "runs"));
    expect(json(stopped)).toMatchObject({ exit: { code: 5, name: "interrupted" }, run });
    expect(json(stopped).results.map(({ kind }: { kind: string }) => kind)).toEqual([
      "stream.stop",
      "stream.stop",
    ]);
    const folders = join(folder, "runs");
    const resume = `vtdoctor resume ${run} --run-dir ${folders}`;
    expect(json(stopped)).toMatchObject({ folder: join(folders, run), resume });
    expect(stopped.err).toContain(
      `\nrun ${run} stopped after 2 of 13 steps. To go on with it (folder ${join(folders, run)}), with the same connection:\n    ${resume}\n`,
    );

    const elsewhere = await operatorAt(reshardingLab({ globalServer: "elsewhere:2379" }), folder).write(
      `resume ${run}`,
    );
    expect([elsewhere.code, elsewhere.err]).toEqual([4, expect.stringContaining("elsewhere:2379")]);

    const resumed = await write(`resume ${run} --yes`);
    expect([resumed.code, resumed.out]).toEqual([0, expect.stringContaining("verified")]);
    const other = operatorAt(seed());
    await other.write(
      "fix shard-missing-live-tablets@customer/-80 shard-missing-live-tablets@customer/80- --yes",
    );
    expect((await operatorAt(cluster).type("scan --fail-on info")).out.split(";")[0]).toBe(
      (await other.type("scan --fail-on info")).out.split(";")[0],
    );
  });
});

it("5 too: Ctrl-C ends a look at the cluster, with its document", async () => {
  const stopped = AbortSignal.abort();
  const said = await operatorAt(reshardingLab()).type("scan --format json", { signal: stopped });
  expect([said.code, scanned(said).exit.name]).toEqual([5, "interrupted"]);
});

describe("6, unverified", () => {
  it("every step was done, and somebody deleted a record meanwhile", async () => {
    const cluster = seed();
    const { write } = operatorAt(cluster);
    const said = await write("fix shard-missing-live-tablets@customer/-80 --yes --format json", {
      onNote: (line) => {
        if (line.includes("shard.await-primary"))
          cluster.topology.global.etcd.txn(
            [],
            [{ kind: "delete", key: "/vitess/zone1/tablets/zone1-0000000100/Tablet" }],
          );
      },
    });
    expect(said.code, said.err + said.out).toBe(6);
    expect(json(said)).toMatchObject({
      exit: { code: 6, name: "unverified" },
      verification: {
        appeared: [
          "no-live-primary@customer/0",
          "tablet-record-missing-live-process@zone1-0000000100",
          "shard-replication-stale-node@zone1/customer/0/zone1-0000000100",
        ],
      },
    });
  });
});

describe("7, internal", () => {
  it("a bug is said in a sentence, and what is needed to mend it is saved", async () => {
    const broken = {
      now: () => {
        throw new TypeError("x is not a function");
      },
      steady: () => 0,
      sleep: async () => true,
      after: () => () => {},
    };
    const file = join(emptyFolder(), "s.sqlite");
    await operatorAt(reshardingLab()).type(`scan --save-snapshot ${file}`);
    for (const format of ["human", "json", "nagios"]) {
      let reads = 0;
      const clock = { ...broken, now: () => (reads++ === 0 ? broken.now() : 0) };
      const said = await vtdoctor(["scan", "--snapshot", file, "--format", format], { clock });
      const text = said.out + said.err;
      expect(text).toContain("internal error: TypeError: x is not a function. This is a bug in vtdoctor");
      const report = /saved in (\S+\.txt)\./.exec(text)?.[1] ?? "";
      expect(existsSync(report) && readFileSync(report, "utf8")).toContain("exit-codes.test.ts");
      expect(said.code).toBe(format === "nagios" ? 3 : 7);
      if (format === "json") expect(scanned(said).exit.name).toBe("internal");
      if (format === "nagios") nagios(said);
    }
  });
});

it("the snapshot of a scan judges as the scan did", async () => {
  const cluster = seed();
  const { folder, type } = operatorAt(cluster);
  const file = join(folder, "seed.sqlite");
  const live = scanned(await type(`scan --format json --save-snapshot ${file}`));
  const offline = scanned(await vtdoctor(["scan", "--snapshot", file, "--format", "json"]));
  expect(offline).toEqual(live);
  Snapshot.open(file).close();
});
