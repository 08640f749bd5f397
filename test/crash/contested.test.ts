import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Premise } from "../../src/plan/fields.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { finish } from "../../src/sim/native/operation.js";
import { reshardCancel } from "../../src/sim/native/reshard-cancel.js";
import { formatLockBody } from "../../src/topology/lock-body.js";
import { switchReads } from "../sim/native/switch-traffic.js";
import { returnedRetired } from "./leaving-scenes.js";
import { goOn, serversOf, start, stepIds } from "./repair.js";
import { runsFolder } from "./runs-folder.js";
import { moving, orphaned, planOf, running, type Scene } from "./scene.js";
import { halted, misrouted } from "./serving-scenes.js";
import { changed, imageOf, userRows, type WorldImage } from "./world-image.js";

const runs = runsFolder();

const KEYSPACE_LOCKS = "/vitess/global/keyspaces/customer/locks/";
const SERVER = "etcd-global:2379";

const locksOf = (cluster: SimCluster) =>
  cluster
    .server(SERVER)
    .range("/")
    .filter(({ key }) => key.includes("/locks/"));

/** Somebody else changes what the plan read. */
function mutate(read: Premise, cluster: SimCluster): void {
  if (read.kind === "topo-key") {
    const etcd = cluster.server(read.server);
    etcd.put(read.key, etcd.get(read.key)?.value ?? new Uint8Array());
    return;
  }
  const tablet = cluster.tablet(read.tablet.alias);
  const deleted = tablet.engine.isOpen
    ? tablet.engine.deleteWorkflow(read.workflow)
    : tablet.executeAsDba(`delete from _vt.vreplication where id in (${read.ids.join(", ")})`);
  expect(deleted).toMatchObject({ kind: "answered" });
}

describe.each([orphaned, running, moving, misrouted, halted, returnedRetired])(
  "the plan for $name",
  (scene: Scene) => {
    let plan: Plan;
    beforeAll(async () => {
      plan = await planOf(scene);
    });

    it("does nothing when anything that it read has moved", async () => {
      expect(plan.premises.length).toBeGreaterThan(3);
      for (const read of plan.premises) {
        const cluster = scene.build();
        mutate(read, cluster);
        const before = imageOf(cluster, serversOf(plan));
        const revision = cluster.server(SERVER).revision;
        const attempt = await start(runs, plan, cluster);
        const where = JSON.stringify(read);
        expect(attempt, where).toMatchObject({ kind: "stopped", error: { exit: "refused" } });
        if (attempt.kind === "stopped")
          expect(attempt.error.message).toMatch(/is stale: .*nothing was changed/);
        expect(changed(before, imageOf(cluster, serversOf(plan))), where).toEqual([]);
        expect(cluster.server(SERVER).revision, where).toBe(revision);
      }
    });

    it("does nothing when it has moved while its locks were waited for", async () => {
      for (const read of plan.premises) {
        const cluster = scene.build();
        const etcd = cluster.server(SERVER);
        const body = formatLockBody({
          action: "SwitchReads",
          hostName: "vtctld-0",
          userName: "vitess",
          time: 0,
        });
        const lease = etcd.grant(3_600);
        etcd.put(`${KEYSPACE_LOCKS}${lease}`, body, lease);
        cluster.clock.at(cluster.clock.now() + 10_000, () => {
          mutate(read, cluster);
          etcd.revoke(lease);
        });
        const attempt = await start(runs, plan, cluster);
        expect(attempt, JSON.stringify(read)).toMatchObject({ kind: "stopped", error: { exit: "refused" } });
        if (attempt.kind === "stopped") expect(attempt.error.message).toContain("nothing was changed");
        expect(locksOf(cluster)).toEqual([]);
      }
    });

    it("names who holds a lock that it does not get, and leaves none of its own", async () => {
      const cluster = scene.build();
      const etcd = cluster.server(SERVER);
      const time = cluster.clock.now();
      const body = formatLockBody({ action: "SwitchWrites", hostName: "vtctld-0", userName: "vitess", time });
      const lease = etcd.grant(3_600);
      etcd.put(`${KEYSPACE_LOCKS}${lease}`, body, lease);
      const attempt = await start(runs, plan, cluster);
      expect(attempt).toMatchObject({ kind: "stopped", error: { exit: "refused" } });
      if (attempt.kind === "stopped")
        expect(attempt.error.message).toMatch(
          /keyspace customer is locked: SwitchWrites by vitess@vtctld-0 since 2026-.*waited 45 s.*Nothing was changed/,
        );
      expect(locksOf(cluster).map((entry) => entry.lease)).toEqual([lease]);
    });

    it("does no harm when two execute it at once", async () => {
      const cluster = scene.build();
      const rows = userRows(cluster);
      const [one, other] = await Promise.all([
        start(join(runs, "one"), plan, cluster),
        start(join(runs, "other"), plan, cluster),
      ]);
      const kinds = [one.kind, other.kind].sort();
      expect(kinds).toEqual(["ended", "stopped"]);
      const whole = scene.build();
      await start(runs, plan, whole);
      for (const each of [cluster, whole]) each.clock.advance(120_000);
      expect(changed(imageOf(whole, serversOf(plan)), imageOf(cluster, serversOf(plan)))).toEqual([]);
      expect(userRows(cluster)).toEqual(rows);
      expect(locksOf(cluster)).toEqual([]);
    });

    it("stops writing when a lock is lost before any of its effects, and goes on when it is resumed", async () => {
      const whole = scene.build();
      const done = whole.effects.log.length;
      await start(runs, plan, whole);
      const effects = whole.effects.log.slice(done);
      whole.clock.advance(120_000);
      for (const [index, effect] of effects.entries()) {
        if (effect.call === "grant" || effect.call === "release") continue;
        const cluster = scene.build();
        let seen = 0;
        let lostAt = Number.POSITIVE_INFINITY;
        const after: string[] = [];
        let atLoss: WorldImage = new Map();
        cluster.effects.hook = {
          before: ({ call, detail }) => {
            if (seen === index) {
              for (const { lease } of locksOf(cluster)) cluster.server(SERVER).revoke(lease);
              if (locksOf(cluster).length === 0) lostAt = seen;
              atLoss = imageOf(cluster, serversOf(plan));
            }
            if (
              seen > lostAt &&
              !["grant", "release", "revoke"].includes(call) &&
              !detail.includes("/locks/")
            )
              after.push(detail);
            seen += 1;
            return undefined;
          },
        };
        const attempt = await start(runs, plan, cluster);
        cluster.effects.hook = {};
        const where = `locks lost before effect ${index}: ${effect.call} ${effect.detail}`;
        if (attempt.kind === "stopped") {
          expect(["interrupted", "refused"], where).toContain(attempt.error.exit);
          expect(attempt.error.message, where).toMatch(/lock .* was lost/);
          expect(after, where).toEqual([]);
          if (effect.call === "txn")
            expect(changed(atLoss, imageOf(cluster, serversOf(plan))), where).toEqual([]);
          expect(await goOn(runs, plan, cluster), where).toMatchObject({ kind: "ended" });
        }
        cluster.clock.advance(120_000);
        expect(changed(imageOf(whole, serversOf(plan)), imageOf(cluster, serversOf(plan))), where).toEqual(
          [],
        );
      }
    });

    it("finishes the step that runs at Ctrl-C, says so, and can be resumed", async () => {
      const whole = scene.build();
      await start(runs, plan, whole);
      whole.clock.advance(120_000);
      const steps = stepIds(plan);
      for (let nth = 1; nth < steps.length; nth++) {
        const cluster = scene.build();
        const abort = new AbortController();
        const journal = join(runs, plan.id, "journal.jsonl");
        const already = cluster.effects.log.length;
        cluster.effects.hook = {
          before: () => {
            const begun = readFileSync(journal, "utf8")
              .split("\n")
              .filter((line) => line.includes('"kind":"intent"'));
            if (begun.length >= nth) abort.abort();
            return undefined;
          },
        };
        const attempt = await start(runs, plan, cluster, { lockTimeoutMs: 45_000, signal: abort.signal });
        cluster.effects.hook = {};
        if (attempt.kind === "stopped") {
          expect(attempt.error.exit).toBe("interrupted");
          expect(attempt.error).toMatchObject({ run: plan.id });
          expect(cluster.effects.log.length).toBeGreaterThan(already);
          expect(locksOf(cluster)).toEqual([]);
          expect(await goOn(runs, plan, cluster)).toMatchObject({ kind: "ended" });
        }
        cluster.clock.advance(120_000);
        expect(changed(imageOf(whole, serversOf(plan)), imageOf(cluster, serversOf(plan)))).toEqual([]);
      }
    });
  },
);

describe("a repair that meets Vitess at work", () => {
  it("does not hold tables that were switched to after the plan", async () => {
    const plan = await planOf(running);
    const cluster = running.build();
    finish(switchReads(cluster, { keyspace: "customer", workflow: "c2" }));
    const before = imageOf(cluster, serversOf(plan));
    expect(await start(runs, plan, cluster)).toMatchObject({ kind: "stopped", error: { exit: "refused" } });
    expect(changed(before, imageOf(cluster, serversOf(plan)))).toEqual([]);
  });

  it.each([
    { scene: running, target: "zone1-0000000200", name: "vt_customer", tables: ["corder", "customer"] },
    { scene: moving, target: "zone1-0000000400", name: "vt_moved", tables: ["customer"] },
  ])("does not hold $name's tables when what it rests on moves after its first step", async (at) => {
    const plan = await planOf(at.scene);
    const guards = plan.premises.filter((read) => read.kind === "topo-key");
    expect(guards.length).toBeGreaterThan(2);
    for (const read of guards) {
      const cluster = at.scene.build();
      let moved = false;
      cluster.effects.hook = {
        after: ({ call }) => {
          if (call === "vreplicationExec" && !moved) mutate(read, cluster);
          moved ||= call === "vreplicationExec";
          return undefined;
        },
      };
      expect(await start(runs, plan, cluster)).toMatchObject({
        kind: "stopped",
        error: {
          exit: "refused",
          message: expect.stringMatching(/was at revision \d+ and is at.*Done before: 01-stream\.stop/),
        },
      });
      const tables = cluster.tablet(at.target).mysql.data.databases.get(at.name);
      expect([...(tables?.keys() ?? [])].sort()).toEqual(at.tables);
    }
  });

  it("does not touch what a native cancel has taken apart meanwhile", async () => {
    const plan = await planOf(running);
    const cluster = running.build();
    finish(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 24, keepData: true }));
    const before = imageOf(cluster, serversOf(plan));
    expect(await start(runs, plan, cluster)).toMatchObject({ kind: "stopped", error: { exit: "refused" } });
    expect(changed(before, imageOf(cluster, serversOf(plan)))).toEqual([]);
  });
});
