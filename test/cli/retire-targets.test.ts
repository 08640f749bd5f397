import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { reshardCreate } from "../../src/sim/native/reshard-create.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import { userRows } from "../crash/world-image.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { emptyFolder, operatorAt, type Typed } from "./harness.js";

const TARGETS = ["zone1-0000000200", "zone1-0000000201", "zone1-0000000300"] as const;
const c3 = { keyspace: "customer", workflow: "c3", sources: ["0"], targets: ["-80", "80-"] };
const resharding = (): SimCluster => reshardingLab({ version: "24.0.4", rows: 20 });

/** Whose config file says how vttablets end. */
function operator(cluster: SimCluster, stopTablet: string | null = null) {
  const folder = emptyFolder();
  if (stopTablet !== null) writeFileSync(join(folder, "vtdoctor.yaml"), `hooks.stopTablet: ${stopTablet}\n`);
  const { type, write } = operatorAt(cluster, folder);
  return {
    type,
    write,
    retire: (flags = "", typed: Typed = {}) =>
      write(`cancel customer.c2 --retire-targets${flags} --watch-return 30s --yes`, typed),
  };
}

const alive = (cluster: SimCluster): readonly string[] =>
  TARGETS.filter((alias) => cluster.tablet(alias).running);

const keysOf = (cluster: SimCluster): readonly string[] =>
  cluster.topology.global.etcd
    .range("/")
    .map(({ key }) => key)
    .filter((key) => /-80|80-|zone1-0000000[23]/.test(key));

const runOf = (text: string): string => /vtdoctor resume (\S+)/.exec(text)?.[1] ?? "";

describe("cancel --retire-targets", () => {
  it.each([
    ["unsupervised", null, " --unsupervised"],
    ["by the operator's command", "stop {alias}", ""],
  ])(
    "%s: nothing of the targets is left but their rows, and new tablets of the same ranges take the next Reshard",
    async (_, hook, flags) => {
      const cluster = resharding();
      const rows = userRows(cluster);
      const { retire, type } = operator(cluster, hook);
      const said = await retire(flags);
      expect(said.code, said.out + said.err).toBe(0);
      expect(alive(cluster)).toEqual([]);
      expect(keysOf(cluster)).toEqual([]);
      expect(userRows(cluster)).toEqual(rows);
      const after = await type("scan --fail-on info");
      expect(after.code, after.out).toBe(0);
      for (const [uid, shard] of [
        [400, "-80"],
        [500, "80-"],
      ] as const) {
        const tablet = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: "customer", shard });
        cluster.run(startTablet(cluster, tablet));
        cluster.run(plannedReparent(cluster, tablet));
      }
      cluster.run(reshardCreate(cluster, c3));
      cluster.clock.advance(60_000);
      const states = [400, 500].map((uid) =>
        cluster.tablet(`zone1-0000000${uid}`).engine.streams.map(({ state }) => state),
      );
      expect(states).toEqual([["Running"], ["Running"]]);
    },
  );

  it("without it the same targets take the next Reshard", async () => {
    const cluster = resharding();
    const { write } = operator(cluster);
    expect((await write("cancel customer.c2 --yes")).code).toBe(0);
    expect(alive(cluster)).toEqual(TARGETS);
    cluster.run(reshardCreate(cluster, c3));
  });

  it("a vttablet that does not end stops the run before a record goes; the run goes on once it has", async () => {
    const cluster = resharding();
    const { retire, write } = operator(cluster, "true {alias}");
    const before = keysOf(cluster);
    const said = await retire();
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(/zone1-0000000201 .*still answers 60 s after it was told to end/),
    ]);
    expect(alive(cluster)).toEqual(TARGETS);
    expect(keysOf(cluster)).toEqual(before);
    for (const uid of [201, 200, 300]) {
      cluster.tablet(`zone1-0000000${uid}`).stop();
      const resumed = await write(`resume ${runOf(said.err)} --yes`);
      expect(resumed.code, resumed.out + resumed.err).toBe(uid === 300 ? 0 : 4);
    }
    expect(keysOf(cluster)).toEqual([]);
  });

  it("one resume sees all that were ended by hand meanwhile, and none that is only restarted", async () => {
    const cluster = resharding();
    const { retire, write } = operator(cluster, "true {alias}");
    const said = await retire();
    expect(said.err).toContain("zone1-0000000200, zone1-0000000300 end after it");
    const run = runOf(said.err);
    for (const alias of TARGETS) cluster.tablet(alias).stop();
    const back = cluster.tablet("zone1-0000000300");
    const restart = cluster.clock.after(3000, () => cluster.restart(back));
    const early = await write(`resume ${run} --yes`);
    expect([early.code, alive(cluster)], early.out + early.err).toEqual([4, [back.name]]);
    restart();
    back.stop();
    const resumed = await write(`resume ${run} --yes`);
    expect(resumed.code, resumed.out + resumed.err).toBe(0);
    expect(keysOf(cluster)).toEqual([]);
  });

  it("an undo puts the records back and says what it can not reach; once the vttablets run, the next brings the tables back", async () => {
    const cluster = resharding();
    const { retire, write } = operator(cluster, "stop {alias}");
    const records = (): readonly string[] => keysOf(cluster).filter((key) => !key.endsWith("/Tablet"));
    const before = records();
    const rows = userRows(cluster);
    const [run = ""] = /test\d+/.exec((await retire()).out) ?? [];
    const first = await write(`undo ${run} --yes`);
    expect(first.code, first.out + first.err).toBe(1);
    expect(first.out).toMatch(
      /not taken back: 09-tablet\.stop-zone1-0000000201,.*start the vttablet\s+again/s,
    );
    expect(first.out).toMatch(/customer\/-80 has no primary that answers.*instead: start its vttablets/s);
    expect(records()).toEqual(before);
    for (const alias of TARGETS) cluster.restart(cluster.tablet(alias));
    cluster.clock.advance(60_000);
    const second = await write(`undo ${run} --yes`);
    expect(second.code, second.out + second.err).toBe(0);
    for (const alias of [TARGETS[0], TARGETS[2]]) {
      const { databases } = cluster.tablet(alias).mysql.data;
      expect([...(databases.get("vt_customer")?.keys() ?? [])]).toEqual(["corder", "customer"]);
    }
    expect(userRows(cluster)).toEqual(rows);
  });

  it("a vttablet that a supervisor starts again is named", async () => {
    const cluster = resharding();
    cluster.tablet("zone1-0000000201").supervised = true;
    const said = await operator(cluster).retire(" --unsupervised");
    expect(said.code, said.out + said.err).toBe(6);
    expect(said.err).toContain("zone1-0000000201 runs again as REPLICA");
    expect(said.err).toContain("/vitess/global/keyspaces/customer/shards/-80/Shard exists again");
    expect(said.err).not.toContain("zone1-0000000300 runs again");
  });

  it.each([
    ["unsupervised", null, " --unsupervised"],
    ["by the operator's command", "stop {alias}", ""],
  ])(
    "%s: a Reshard that somebody creates between the cancel and the end of the vttablets keeps its targets",
    async (_, hook, flags) => {
      const cluster = resharding();
      let isCreated = false;
      const before = keysOf(cluster);
      const said = await operator(cluster, hook).retire(flags, {
        onNote: (line) => {
          if (isCreated || !/verify-gone/.test(line)) return;
          isCreated = true;
          cluster.run(reshardCreate(cluster, c3));
        },
      });
      expect(isCreated, said.err).toBe(true);
      expect([said.code, said.err]).toEqual([
        4,
        expect.stringMatching(/zone1-0000000200 .*has streams of c3, which somebody created since.*stays/),
      ]);
      expect(alive(cluster)).toEqual(TARGETS);
      expect(keysOf(cluster)).toEqual(before);
    },
  );

  it.each([
    [
      "nobody said how",
      "--retire-targets",
      /--retire-targets: ends the vttablets.*hooks\.stopTablet.*--unsupervised/,
    ],
    [
      "tables kept on shards that go",
      "--retire-targets --unsupervised --keep-data",
      /--retire-targets.*--keep-data.*one of the two/,
    ],
    ["how, and not that they leave", "--unsupervised", /--unsupervised: .*--retire-targets/],
    ["a watch too short", "--retire-targets --unsupervised --watch-return 9s", /--watch-return/],
  ])("%s is a mistake of the command line, and nothing is asked of the cluster", async (_, flags, reason) => {
    const cluster = resharding();
    const said = await operatorAt(cluster).write(`cancel customer.c2 ${flags} --yes`);
    expect([said.code, said.err]).toEqual([2, expect.stringMatching(reason)]);
    expect(alive(cluster)).toEqual(TARGETS);
  });

  it("a second time the workflow is gone, which --missing-ok allows", async () => {
    const cluster = resharding();
    const { retire } = operator(cluster);
    expect((await retire(" --unsupervised")).code).toBe(0);
    const again = await retire(" --unsupervised");
    expect([again.code, again.err]).toEqual([
      2,
      expect.stringMatching(/no workflow c2.*--retire-targets retires none.*--missing-ok/),
    ]);
    expect((await retire(" --unsupervised --missing-ok")).code).toBe(0);
  });
});

describe("fix --orphans retire", () => {
  it.each(["while it is watched for", "right before"])(
    "a vttablet that a supervisor starts again %s is named",
    async (when) => {
      const cluster = resharding();
      cluster.run(deleteShards(cluster, "customer", ["-80", "80-"]));
      cluster.clock.advance(60_000);
      const returning = cluster.tablet(TARGETS[0]);
      returning.supervised = when === "while it is watched for";
      const orphans = ["-80", "80-"].map((shard) => `shard-missing-live-tablets@customer/${shard}`).join(" ");
      const said = await operatorAt(cluster).write(`fix ${orphans} --orphans retire --unsupervised --yes`, {
        onNote: (line) => {
          const isLastToEnd = /done .*tablet\.stop-zone1-0000000300/.test(line);
          if (isLastToEnd && !returning.supervised) cluster.restart(returning);
        },
      });
      expect(said.code, said.out + said.err).toBe(6);
      expect(said.err).toContain(`${TARGETS[0]} runs again as REPLICA`);
      expect(said.err).toContain(`/vitess/zone1/tablets/${TARGETS[0]}/Tablet exists again`);
      expect(said.err).not.toContain(`${TARGETS[2]} runs again`);
    },
  );
});
