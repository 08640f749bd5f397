import { afterEach, describe, expect, it } from "vitest";
import { Doctor } from "./lab/doctor.js";
import { Lab, labMissing, sleep, until } from "./lab/lab.js";
import { LONG } from "./lab/long.js";
import { createReshard, elect, insert, reshardCluster, running } from "./lab/reshard.js";

const MINUTES = LONG ? 20 : 3;

/** S30: three operators work beside each other, each as fast as the cluster lets her; scans every few seconds alarm nobody. */
describe.skipIf(labMissing() !== null)("S30, churn", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  it(`${MINUTES} minutes of it are silent`, { timeout: 2_400_000, retry: 0 }, async () => {
    lab = await Lab.up({ version: "24" });
    await cluster(lab);
    let failed = false;
    const end = Date.now() + MINUTES * 60_000;
    const goesOn = () => !failed && Date.now() < end;
    const work = new Work(lab, goesOn);
    const alarms = new Map<string, string>();
    let scans = 0;
    const looking = (async () => {
      const doctor = new Doctor(lab);
      while (goesOn()) {
        const { findings } = await doctor.scan(...(scans % 8 === 7 ? [] : ["--settle", "0"]));
        scans++;
        for (const { severity, state, id, symptom } of findings)
          if (severity !== "info" && state === "confirmed") alarms.set(id, symptom);
        await sleep(1000);
      }
    })();
    const all = [looking, work.resharding(), work.moving(), work.tending()];
    for (const one of all) one.catch(() => (failed = true));
    const ends = await Promise.allSettled(all);
    for (const one of ends) if (one.status === "rejected") throw one.reason;
    console.log(`${scans} scans while this was done, and refused: ${work.text()}`);
    expect(Object.fromEntries(alarms), work.text()).toEqual({});
    expect(scans).toBeGreaterThan(MINUTES);
    expect(work.never(), work.text()).toEqual([]);
  });
});

/** customer with its targets, product and moved for tables that move, near with two replicas to tend. */
async function cluster(lab: Lab): Promise<void> {
  await reshardCluster(lab, { workflow: null, targets: { "-80": [200], "80-": [300] } });
  for (const keyspace of ["moved", "near", "product"])
    await lab.ctl("CreateKeyspace", "--durability-policy", "none", keyspace);
  await Promise.all([
    lab.tablet(400, "moved", "0"),
    lab.tablet(500, "product", "0"),
    ...[150, 151, 152].map((uid) => lab.tablet(uid, "near", "0")),
  ]);
  for (const [keyspace, uid] of [
    ["moved", 400],
    ["near", 150],
    ["product", 500],
  ] as const) {
    await elect(lab, keyspace, "0", uid);
    await lab.ctl("RebuildKeyspaceGraph", keyspace);
  }
  for (const keyspace of ["near", "product"])
    await lab.ctl(
      "ApplySchema",
      "--sql",
      "create table item(id bigint primary key, name varchar(64))",
      keyspace,
    );
  for (const [uid, database] of [
    [500, "vt_product"],
    [150, "vt_near"],
  ] as const)
    await lab.sql(uid, "insert into item values (1, 'one'), (2, 'two')", database);
}

/** What was done how often, and what Vitess refused meanwhile: such as a switch that finds its streams behind. */
class Work {
  readonly #done = new Map<string, number>();
  readonly #refused = new Map<string, string>();

  constructor(
    private readonly lab: Lab,
    private readonly goesOn: () => boolean,
  ) {}

  /** Whether it was done. */
  async #do(name: string, ...command: string[]): Promise<boolean> {
    if (!this.#done.has(name)) this.#done.set(name, 0);
    if (!this.goesOn()) return false;
    const said = await this.lab.tryCtl(...command);
    if (said.code === 0) this.#done.set(name, (this.#done.get(name) ?? 0) + 1);
    else this.#refused.set(name, said.stderr.slice(-300));
    return said.code === 0;
  }

  never(): readonly string[] {
    return [...this.#done].filter(([, times]) => times === 0).map(([name]) => name);
  }

  text(): string {
    return JSON.stringify([Object.fromEntries(this.#done), Object.fromEntries(this.#refused)], null, 1);
  }

  /** A Reshard from create to reversed and cancelled, over and over. */
  async resharding(): Promise<void> {
    const name = ["--workflow", "c2", "--target-keyspace", "customer"];
    const reshard = (does: string, ...flags: string[]) =>
      this.#do(`Reshard ${does}`, "Reshard", ...name, does, ...flags);
    for (let from = 10_000; this.goesOn(); from += 100) {
      await createReshard(this.lab, "customer", "c2", ["-80", "80-"]);
      await running(this.lab, [200, 300]);
      await insert(this.lab, "customer", "customer", from, 100);
      await this.#vdiff(name);
      await reshard("switchtraffic", "--tablet-types", "rdonly,replica");
      await reshard("switchtraffic", "--tablet-types", "primary");
      await reshard("reversetraffic");
      await running(this.lab, [200, 300]);
      await this.#do("Workflow stop", "Workflow", "--keyspace", "customer", "stop", "--workflow", "c2");
      await this.#do("Workflow start", "Workflow", "--keyspace", "customer", "start", "--workflow", "c2");
      await reshard("cancel");
    }
  }

  /** The table item goes to moved and back. */
  async moving(): Promise<void> {
    const uids = { moved: 400, product: 500 };
    let [from, into]: ["moved" | "product", "moved" | "product"] = ["product", "moved"];
    for (let round = 1; this.goesOn(); round++) {
      const name = ["--workflow", `to_${into}`, "--target-keyspace", into];
      const move = (does: string, ...flags: string[]) =>
        this.#do(`MoveTables ${does}`, "MoveTables", ...name, does, ...flags);
      if (!(await move("create", "--source-keyspace", from, "--tables", "item"))) continue;
      await running(this.lab, [uids[into]], `to_${into}`);
      await this.#vdiff(name);
      await move("switchtraffic");
      await move("reversetraffic");
      await running(this.lab, [uids[into]], `to_${into}`);
      if (round % 2 === 0) await move("cancel");
      else if ((await move("switchtraffic")) && (await move("complete"))) [from, into] = [into, from];
    }
  }

  async #vdiff(name: readonly string[]): Promise<void> {
    if (!(await this.#do("VDiff", "VDiff", ...name, "create", "--tablet-types", "primary"))) return;
    await until("the VDiff", 60_000, async () =>
      /State: +completed/.test(await this.lab.ctl("VDiff", ...name, "show", "last")),
    );
  }

  /** Elections, restarts on other ports, changes of the schema, and of what a tablet does (a real backup needs InnoDB's files apart from the data, which the lab's MySQL has together). */
  async tending(): Promise<void> {
    for (let round = 1; this.goesOn(); round++) {
      const next = [150, 151][round % 2] ?? 150;
      await this.#do(
        "PlannedReparentShard",
        "PlannedReparentShard",
        "near/0",
        "--new-primary",
        `zone1-${next}`,
      );
      await this.lab.stop("vttablet-152");
      await this.lab.startVttablet(152, {
        port: String(17_000 + round),
        "grpc-port": String(18_000 + round),
      });
      const alter = `alter table item add column c${round} int`;
      await this.#do("ApplySchema", "ApplySchema", "--sql", alter, "near");
      await this.#do(
        "online DDL",
        "ApplySchema",
        "--ddl-strategy",
        "vitess",
        "--sql",
        `${alter}_online`.replace(" int_online", "_online int"),
        "near",
      );
      for (const type of ["backup", "rdonly", "replica"])
        await this.#do(`ChangeTabletType ${type}`, "ChangeTabletType", "zone1-152", type);
    }
  }
}
