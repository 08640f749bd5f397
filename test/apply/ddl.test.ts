import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import type { VitessVersion } from "../../src/sim/stream-row.js";
import { operatorAt } from "../cli/harness.js";

const TABLE = "vt_customer.customer";

/** A running Reshard c2; somebody reads the table of the first target for a long time, seen by performance_schema or not. */
function inUse({ version = "24.0.4", seen = true }: { version?: VitessVersion; seen?: boolean } = {}) {
  const cluster = reshardingLab({ version, rows: 20 });
  const { mysql } = cluster.tablet("zone1-0000000200");
  mysql.locks.instrumented = seen;
  const leave = mysql.locks.hold([TABLE]);
  cluster.clock.advance(300_000);
  const operator = operatorAt(cluster);
  const notes: string[] = [];
  const type = async (line: string) => {
    const said = await operator.write(line);
    notes.push(said.err);
    return said;
  };
  return {
    cluster,
    leave,
    type,
    folder: operator.folder,
    tables: () => tablesOf(cluster),
    run: async () => /^run (\S+) stopped/m.exec(notes.join("\n"))?.[1] ?? "",
    statements: () => cluster.effects.log.filter(({ detail }) => /rename table/.test(detail)),
  };
}

/** Of the first target, by database. */
const tablesOf = (cluster: SimCluster) =>
  Object.fromEntries(
    [...cluster.tablet("zone1-0000000200").mysql.data.databases].map(([name, tables]) => [
      name.replace(/_hold_.*/, "_hold"),
      [...tables.keys()].sort(),
    ]),
  );

const THERE = { vt_customer: ["corder", "customer"] };
const HELD = { vt_customer: [], vtdoctor_hold: ["corder", "customer"] };

describe("a table that somebody uses is not moved", () => {
  it("its user is named, and nothing waits; afterwards the run goes on", async () => {
    const { type, tables, statements, leave, run } = inUse();
    const { code, err } = await type("cancel customer.c2 --yes");
    expect(err).toMatch(
      /table.hold-zone1-0000000200: zone1-0000000200 \(127.0.0.1:16200\): connection 41 \(analyst@10.0.0.7:5312, "select \* from customer" for \d+ s, executing\) uses vt_customer.customer\. "rename table .*" would wait for it/,
    );
    expect([code, statements(), tables()]).toEqual([4, [], { ...THERE, vtdoctor_hold: [] }]);
    leave();
    expect((await type(`resume ${await run()} --yes`)).code).toBe(0);
    expect(tables()).toEqual(HELD);
  });

  it("queries that end soon are no reason, however many come", async () => {
    const { type, cluster, leave, tables } = inUse();
    leave();
    const { locks } = cluster.tablet("zone1-0000000200").mysql;
    const at = (ms: number, run: () => void) => cluster.clock.at(cluster.clock.now() + ms, run);
    const use = () => at(1_000, locks.hold([TABLE]));
    cluster.effects.hook = {
      after: ({ at: alias, detail }) => {
        if (alias !== "zone1-0000000200" || !detail.includes("create database")) return undefined;
        // One after the other, so that each look sees a user.
        use();
        at(1_500, use);
        return undefined;
      },
    };
    expect((await type("cancel customer.c2 --yes")).code).toBe(0);
    expect(tables()).toEqual(HELD);
  });

  it("where it can not be seen, MySQL ends the wait: nothing of it is done later", async () => {
    const { type, tables, leave, run } = inUse({ seen: false });
    const { code, err } = await type("cancel customer.c2 --yes");
    expect(err).toMatch(
      /zone1-0000000200 \(127.0.0.1:16200\) waited 10 s for a table that is in use\. Nothing of "rename table .*" was done/,
    );
    expect(code).toBe(4);
    leave();
    expect(tables()).toEqual({ ...THERE, vtdoctor_hold: [] });
    expect((await type(`resume ${await run()} --yes`)).code).toBe(0);
    expect(tables()).toEqual(HELD);
  });
});

describe("before Vitess 20, where a statement outlives its caller", () => {
  const waiting = async () => {
    const scene = inUse({ version: "19.0.10", seen: false });
    const { code, err } = await scene.type("cancel customer.c2 --yes");
    expect(err).toMatch(
      /did not answer \(timeout\): no answer within 300000 ms; the MySQL of zone1-0000000200 .* is still at work on it: connection 42 \(vt_dba@localhost, "\/\* vtdoctor run \S+ \*\/ rename table .*" for 300 s, Waiting for table metadata lock\)/,
    );
    expect([code, scene.tables()]).toEqual([5, { ...THERE, vtdoctor_hold: [] }]);
    return { ...scene, run: await scene.run() };
  };

  it.each(["resume --yes", "undo", "undo --yes", "undo --dry-run", "purge --dry-run"])(
    "%s is refused while it waits, and queues nothing",
    async (command) => {
      const { type, run, tables, cluster } = await waiting();
      const before = cluster.effects.log.length;
      const { code, err } = await type(command.replace(/^\w+/, (verb) => `${verb} ${run}`));
      expect(err).toMatch(
        new RegExp(
          `run ${run} is not over: .*connection 42 .*rename table.* Wait until it ends, or end it there with KILL 42`,
        ),
      );
      expect([code, cluster.effects.log.length]).toEqual([4, before]);
      expect(tables()).toEqual({ ...THERE, vtdoctor_hold: [] });
    },
  );

  it("a saved undo is refused too", async () => {
    const { type, run, leave, cluster, folder } = await waiting();
    leave();
    await cluster.clock.sleep(1);
    const file = join(folder, "undo.json");
    expect((await type(`undo ${run} --dry-run --out ${file}`)).code).toBe(1);
    const again = cluster.tablet("zone1-0000000200").mysql.locks;
    again.wait([TABLE], `/* vtdoctor run ${run} */ rename table a to b`, () => {});
    const { code, err } = await type(`fix --plan ${file} --yes`);
    expect([code, err]).toEqual([4, expect.stringContaining(`run ${run} is not over`)]);
  });

  it("so is the resume of an undo that stopped", async () => {
    const { type, run, leave, cluster } = await waiting();
    leave();
    await cluster.clock.sleep(1);
    cluster.effects.hook = { before: () => ({ kind: "unanswered", reason: "unreachable", message: "gone" }) };
    const { err } = await type(`undo ${run} --yes`);
    cluster.effects.hook = {};
    const undo = /vtdoctor resume (\S+)/.exec(err)?.[1] ?? "";
    cluster
      .tablet("zone1-0000000200")
      .mysql.locks.wait([TABLE], `/* vtdoctor run ${run} */ rename table a to b`, () => {});
    const again = await type(`resume ${undo} --yes`);
    expect([again.code, again.err]).toEqual([4, expect.stringContaining(`run ${run} is not over`)]);
  });

  it("when it was done, the run goes on, and can be taken back", async () => {
    const { type, run, tables, leave, cluster } = await waiting();
    leave();
    await cluster.clock.sleep(1);
    expect(tables()).toEqual(HELD);
    const resumed = await type(`resume ${run} --yes`);
    expect(resumed.code, resumed.err).toBe(0);
    expect((await type(`undo ${run} --yes`)).code).toBe(0);
    expect(tables()).toEqual(THERE);
  });
});

it("what MySQL answers with an error was not done: refused at once, in its words", async () => {
  const { type, cluster, leave } = inUse();
  leave();
  cluster.effects.hook = {
    before: ({ detail }) =>
      detail.includes("create database")
        ? {
            kind: "unanswered",
            reason: "denied",
            message: "CREATE command denied to user 'vt_dba' (errno 1142)",
          }
        : undefined,
  };
  const { code, err } = await type("cancel customer.c2 --yes");
  expect([code, err]).toEqual([
    4,
    expect.stringMatching(
      /the MySQL of zone1-0000000200 .* refused "create database .*": CREATE command denied/,
    ),
  ]);
});

it("--write-timeout is no shorter than MySQL's own wait", async () => {
  const { type } = inUse();
  const { code, err } = await type("cancel customer.c2 --yes --write-timeout 5s");
  expect([code, err]).toEqual([2, expect.stringContaining("--write-timeout: ")]);
});
