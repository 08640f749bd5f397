import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SimCluster } from "../../src/sim/cluster.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { operatorAt } from "../cli/harness.js";
import { moveTablesCreate } from "../sim/native/move-tables.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { moveTablesComplete } from "../sim/native/move-tables-complete.js";
import { moveTablesSwitch } from "../sim/native/move-tables-switch.js";
import { putRules, READS, rulesNow } from "../sim/native/table-routing.js";
import { halfDone } from "./half-done-scenes.js";
import { moving } from "./scene.js";
import { changed, imageOf } from "./world-image.js";

const HOUR = 3_600_000;
const TARGET = "zone1-0000000400";

const HOLDS = "cancel moved.c2 --yes";
const DROPS = `${HOLDS} --purge --confirm moved`;

const imageNow = (cluster: SimCluster) => imageOf(cluster, [cluster.topology.global.etcd.server]);

const streamsOf = (cluster: SimCluster) => [
  ...new Set(cluster.tablet(TARGET).mysql.data.sidecar.vreplication.map(({ state }) => state)),
];

const tablesOf = (cluster: SimCluster, alias = TARGET) =>
  [...cluster.tablet(alias).mysql.data.databases].flatMap(([schema, tables]) =>
    [...tables.keys()].map((table) => `${schema.replace(/_hold_.*/, "_hold")}.${table}`),
  );

/** A cancel that Ctrl-C ended when it had done the step whose id begins with `until`. */
async function interruptedAt(until: string, line = HOLDS) {
  const cluster = moving.build();
  const operator = operatorAt(cluster);
  const abort = new AbortController();
  const onNote = (note: string) => {
    if (note.startsWith(`  done  ${until}`)) abort.abort();
  };
  const said = await operator.write(line, { signal: abort.signal, onNote });
  expect(said.code, said.err).toBe(5);
  const [run = ""] = readdirSync(join(operator.folder, "runs"));
  return { cluster, run, operator, resume: () => operator.write(`resume ${run} --yes`) };
}

const startAgain = (cluster: SimCluster): void => {
  const { engine } = cluster.tablet(TARGET);
  engine.exec("update _vt.vreplication set state='Running', message='' where workflow='c2'");
  cluster.clock.advance(10_000);
};

/** What `SwitchTraffic --tablet-types replica,rdonly` does. */
const switchTheReads = (cluster: SimCluster): void => {
  const rules = new Map(rulesNow(cluster));
  for (const from of ["customer", "moved.customer", "customer.customer"])
    for (const type of READS) rules.set(`${from}${type}`, "moved.customer");
  for (const _ of putRules(cluster, rules));
  for (const _ of rebuildSrvVSchema(cluster, cluster.version));
};

/** What others did between a cancel's proof of standstill and its resumption. */
const MEANWHILE: readonly [string, RegExp, (cluster: SimCluster) => void][] = [
  [
    "its reads were switched",
    /RoutingRules was at revision/,
    (cluster) => {
      startAgain(cluster);
      switchTheReads(cluster);
    },
  ],
  [
    "its rules were changed by hand",
    /RoutingRules was at revision/,
    (cluster) => {
      startAgain(cluster);
      for (const _ of putRules(
        cluster,
        new Map([...rulesNow(cluster)].map(([from]) => [from, "moved.customer"])),
      ));
    },
  ],
  [
    "it was switched",
    /was at revision/,
    (cluster) => {
      startAgain(cluster);
      cluster.run(moveTablesSwitch(cluster, "moved", "c2"));
    },
  ],
  [
    "it was switched and completed",
    /was at revision/,
    (cluster) => {
      startAgain(cluster);
      cluster.run(moveTablesSwitch(cluster, "moved", "c2"));
      cluster.run(moveTablesComplete(cluster, "moved", "c2"));
    },
  ],
  [
    "it was cancelled and created anew",
    /was at revision/,
    (cluster) => {
      cluster.run(moveTablesCancel(cluster, { keyspace: "moved", workflow: "c2" }));
      cluster.clock.advance(5_000);
      cluster.run(
        moveTablesCreate(cluster, {
          keyspace: "moved",
          workflow: "c2",
          sourceKeyspace: "customer",
          tables: ["customer"],
          cell: "zone1",
        }),
      );
    },
  ],
  ["its streams were started", /stream 1 of c2 on zone1-0000000400 .* is Running in _vt/, startAgain],
  [
    "another stream of its name was made",
    /c2 on zone1-0000000400 .* had streams 1, 2, 3 and has streams 1, 2, 3, 7/,
    (cluster) =>
      cluster.tablet(TARGET).mysql.write(({ sidecar }) => {
        const [row] = sidecar.vreplication;
        sidecar.vreplication.push({ ...row, id: "7" });
      }),
  ],
];

describe("a cancel that is resumed after others worked on", () => {
  it.each([
    ...MEANWHILE.map((one) => [HOLDS, ...one] as const),
    ...MEANWHILE.slice(0, 1).map((one) => [DROPS, ...one] as const),
  ])("as %s touches nothing where %s", async (line, _name, words, happen) => {
    const { cluster, resume } = await interruptedAt("02-", line);
    cluster.clock.advance(HOUR);
    happen(cluster);
    const image = imageNow(cluster);
    const resumed = await resume();
    expect([resumed.code, resumed.err]).toEqual([4, expect.stringMatching(words)]);
    expect(changed(image, imageNow(cluster))).toEqual([]);
  });

  it.each([HOLDS, DROPS])("as %s goes on where nobody did", async (line) => {
    const { cluster, resume } = await interruptedAt("02-", line);
    cluster.clock.advance(HOUR);
    const resumed = await resume();
    expect([resumed.code, resumed.err]).toEqual([0, expect.stringContaining("done  03-table")]);
    expect(streamsOf(cluster)).toEqual([]);
    expect(tablesOf(cluster)).toEqual(line === HOLDS ? ["vtdoctor_hold.customer"] : []);
    expect(rulesNow(cluster).size).toBe(0);
  });
});

describe("a run whose plan has expired", () => {
  it("is not resumed where it would still change something, and can be taken back", async () => {
    const { cluster, run, operator, resume } = await interruptedAt("02-");
    const image = imageNow(cluster);
    cluster.clock.advance(25 * HOUR);
    const resumed = await resume();
    expect([resumed.code, resumed.err]).toEqual([
      4,
      expect.stringMatching(
        `run ${run} is too old to go on: its plan expired at .*03-table.hold-${TARGET}, .*take back what it did with .vtdoctor undo ${run}., or plan anew with .vtdoctor cancel moved.c2 .*nothing was changed`,
      ),
    ]);
    expect(streamsOf(cluster)).toEqual(["Stopped"]);
    const undone = await operator.write(`undo ${run} --yes`);
    expect(undone.code, undone.err).toBe(0);
    expect(streamsOf(cluster)).toEqual(["Running"]);
    expect(changed(image, imageNow(cluster)).filter((name) => !/^(stream|engine) /.test(name))).toEqual([]);
  });

  it("is resumed where only what needs no consent is left", async () => {
    const { cluster, resume } = await interruptedAt("09-stream.verify-gone");
    cluster.clock.advance(25 * HOUR);
    expect(await resume()).toMatchObject({ code: 0 });
  });

  it("is planned anew where it is itself an undo", async () => {
    const { cluster, run, operator } = await interruptedAt("03-");
    const abort = new AbortController();
    const onNote = (note: string) => {
      if (note.startsWith("  done  01-")) abort.abort();
    };
    const said = await operator.write(`undo ${run} --yes`, { signal: abort.signal, onNote });
    expect(said.code, said.err + said.out).toBe(5);
    const undo = readdirSync(join(operator.folder, "runs")).find((name) => name !== run);
    cluster.clock.advance(25 * HOUR);
    const resumed = await operator.write(`resume ${undo} --yes`);
    expect([resumed.code, resumed.err]).toEqual([
      4,
      expect.stringContaining(`plan anew with \`vtdoctor undo ${run}\``),
    ]);
    expect((await operator.write(`undo ${run} --yes`)).code).toBe(0);
    expect(streamsOf(cluster)).toEqual(["Running"]);
    expect(tablesOf(cluster)).toEqual(["vt_moved.customer"]);
  });
});

describe("a run of several stages", () => {
  it("proves under the locks of the stage that moves tables that the streams still stand", async () => {
    const cluster = halfDone({ dropped: ["-40"] });
    const target = cluster.tablet("zone1-0000000300");
    const onNote = (note: string) => {
      if (/done {2}\d+-keys\.export-zone1-0000000300/.test(note))
        target.engine.exec("update _vt.vreplication set state='Running', message='' where workflow='c2'");
    };
    const said = await operatorAt(cluster).write("cancel customer.c2 --yes", { onNote });
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringMatching(/table\.hold-zone1-0000000250: stream 1 of c2 on zone1-0000000300 .* is Running/),
    ]);
    for (const uid of [250, 300]) {
      const { databases } = cluster.tablet(`zone1-0000000${uid}`).mysql.data;
      expect([...databases.keys()]).toEqual(["vt_customer"]);
    }
  });
});
