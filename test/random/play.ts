import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { unanswered } from "../../src/cluster/outcome.js";
import { parseStreamSource } from "../../src/cluster/stream-source.js";
import { KINDS } from "../../src/plan/steps/index.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { SimEffect } from "../../src/sim/effects.js";
import { MATERIALIZE, MOVE_TABLES } from "../../src/sim/stream-row.js";
import { operatorAt, type Said } from "../cli/harness.js";
import { DRIFTS } from "./drifts.js";
import { callNative, type NativeCall } from "./natives.js";
import type { Command, Incident, Scenario } from "./scenario.js";
import type { Tally } from "./tally.js";
import { harms, onlyLocks, type Paths, pathsOf, watchWrites } from "./watch.js";
import { clusterOf } from "./world.js";

/** The process is gone: whatever it would have done next does not happen. */
class Killed extends Error {}

/** Plays it; what it answers is each write, with its command, that took something away. */
export async function play(
  scenario: Scenario,
  tally: Tally,
  say: (words: string) => void = () => {},
): Promise<readonly string[]> {
  const cluster = built(scenario, tally);
  const player = new Player(cluster, scenario, tally, say);
  try {
    for (const command of scenario.commands) {
      await player.type(command);
      if (player.harm.length > 0) break;
      cluster.clock.advance(60_000);
    }
    return player.harm;
  } finally {
    player.close();
  }
}

function built(scenario: Scenario, tally: Tally): SimCluster {
  const cluster = clusterOf(scenario.shape);
  for (const call of scenario.past) {
    tally.count("native before", call.name, callNative(cluster, scenario.shape, call));
    cluster.clock.advance(120_000);
  }
  for (const { name, pick } of scenario.drifts) {
    tally.count("drift", name, true);
    DRIFTS[name](cluster, pick);
  }
  if (scenario.unlocked) {
    const { etcd } = cluster.topology.global;
    for (const { key, lease } of etcd.range("/")) if (key.includes("/locks/")) etcd.revoke(lease);
  }
  cluster.clock.advance(scenario.age * 1000);
  return cluster;
}

const KEYSPACES = ["customer", "moved", "product", "report"];

class Player {
  readonly harm: string[] = [];
  readonly #operator;
  readonly #unwatch;
  #before: Paths = new Map();
  #mayGo: ReadonlySet<string> = new Set();
  #typed = "";
  #incident: Incident | null = null;
  #writes = 0;
  #abort = new AbortController();

  constructor(
    readonly cluster: SimCluster,
    readonly scenario: Scenario,
    readonly tally: Tally,
    readonly say: (words: string) => void,
  ) {
    this.#operator = operatorAt(cluster);
    this.#unwatch = watchWrites(cluster, { seen: (write) => this.#seen(write) });
  }

  close(): void {
    this.#unwatch();
    this.cluster.effects.hook = {};
    rmSync(this.#operator.folder, { recursive: true, force: true });
  }

  /** A command, what becomes of its run, and what the operator does about that. */
  async type(command: Command): Promise<void> {
    const line = await this.#lineOf(command);
    if (line === null) return;
    const said = await this.#run(line, command.incident);
    if (this.harm.length > 0) return;
    const { incident } = command;
    if (incident?.native && incident.what !== "native") await this.#native(incident.native);
    else if (incident?.native == null) {
      this.cluster.clock.advance(60_000);
      await this.#seen("and a minute");
    }
    const [run] = this.#runs().slice(-1);
    const isOver = said.code !== 5 && said.code !== 7;
    if (this.harm.length > 0 || run === undefined || command.after === "nothing") return;
    if (isOver && (command.after === "resume" || this.#writes === 0)) return;
    this.cluster.clock.advance(60_000);
    await this.#run(`${command.after} ${run} --yes`, null);
  }

  async #lineOf({ verb, pick, flags }: Command): Promise<string | null> {
    const more = flags.map((flag) => ` ${flag}`).join("");
    switch (verb) {
      case "fix --all":
        return `fix --all${more} --confirm ${KEYSPACES[pick % KEYSPACES.length]}`;
      case "fix some": {
        const ids = await this.#findings();
        const some = ids.filter((_, index) => ((pick + 1) >> (index % 6)) % 2 === 1);
        return some.length === 0
          ? null
          : `fix ${some.join(" ")} --yes${more} --confirm ${some[0]?.split(/[@/]/)[1]}`;
      }
      case "cancel": {
        const workflows = workflowsOf(this.cluster);
        const workflow = workflows[pick % Math.max(1, workflows.length)];
        if (workflow === undefined) return null;
        const purge = flags.includes("--purge") ? ` --confirm ${workflow.split(".")[0]}` : "";
        return `cancel ${workflow} --yes${more}${purge}`;
      }
      default: {
        const runs = this.#runs();
        const run = runs[pick % Math.max(1, runs.length)];
        if (run === undefined) return null;
        return `${verb} ${run} --yes${verb === "purge" ? ` --confirm ${pick % 2 === 0 ? "customer" : "moved"}` : ""}`;
      }
    }
  }

  async #findings(): Promise<readonly string[]> {
    const { out } = await this.#operator.type("scan --format json");
    const { findings = [] } = JSON.parse(out === "" ? "{}" : out) as { findings?: readonly Found[] };
    return findings.filter(({ repair }) => repair.class !== "manual").map(({ id }) => id);
  }

  #runs(): readonly string[] {
    const folder = join(this.#operator.folder, "runs");
    return existsSync(folder) ? readdirSync(folder).sort(byNumber) : [];
  }

  async #run(line: string, incident: Incident | null): Promise<Said> {
    this.#before = await pathsOf(this.cluster);
    this.#mayGo = /^undo/.test(line) ? new Set() : takenAway(this.cluster);
    this.#typed = line;
    this.#incident = incident;
    this.#writes = 0;
    this.#abort = new AbortController();
    const strike = new Strike(incident, this.#abort);
    this.cluster.effects.hook = strike;
    const steps: string[] = [];
    const said = await this.#operator.write(line, {
      signal: this.#abort.signal,
      answer: "yes",
      onNote: (note) => {
        for (const [, id = ""] of note.matchAll(/done {2}\d+-(\S+)/g)) steps.push(kindOf(id));
      },
    });
    this.cluster.effects.hook = {};
    if (strike.killed) this.cluster.disconnectAll();
    this.tally.command(line, said.code, this.#writes, steps, strike.struck);
    this.say(`$ vtdoctor ${line}\n${said.err}${said.out}exit ${said.code}`);
    if (said.code === 7 && !strike.killed) this.harm.push(`${line}\n  exit 7: ${said.err}`);
    await this.#seen("its end");
    return said;
  }

  async #native(call: NativeCall): Promise<void> {
    this.tally.count("native between", call.name, callNative(this.cluster, this.scenario.shape, call));
    this.#before = await pathsOf(this.cluster);
  }

  async #seen(write: string): Promise<void> {
    this.#writes += 1;
    const after = await pathsOf(this.cluster);
    const told = harms(this.#before, after, this.#mayGo);
    if (told.length > 0 && this.harm.length === 0)
      this.harm.push(
        `vtdoctor ${this.#typed}\n  after write ${this.#writes}, ${write}\n    ${told.join("\n    ")}`,
      );
    const { native, what, at } = this.#incident ?? {};
    if (what === "native" && native && at === this.#writes) await this.#native(native);
  }
}

/** Ends the process, its call or its patience at the n-th write. */
class Strike {
  killed = false;
  struck = false;
  #seen = 0;

  constructor(
    readonly incident: Incident | null,
    readonly abort: AbortController,
  ) {}

  before(effect: SimEffect): undefined {
    if (this.killed) throw new Killed("killed");
    if (onlyLocks(effect)) return;
    this.#seen += 1;
    if (this.#seen !== this.incident?.at) return;
    if (this.incident.what === "Ctrl-C") this.abort.abort();
    this.struck = this.incident.what !== "native";
    if (this.incident.what !== "killed before") return;
    this.killed = true;
    throw new Killed("killed");
  }

  after(effect: SimEffect) {
    if (onlyLocks(effect) || this.#seen !== this.incident?.at) return undefined;
    if (this.incident.what === "reply lost") return unanswered("timeout", "no answer in 5 s");
    if (this.incident.what !== "killed after") return undefined;
    this.killed = true;
    throw new Killed("killed");
  }
}

interface Found {
  readonly id: string;
  readonly repair: { readonly class: string };
}

/** An id begins with its kind, whose name may go on as another's. */
const kindOf = (id: string): string =>
  Object.keys(KINDS).reduce(
    (best, kind) => (id.startsWith(kind) && kind.length > best.length ? kind : best),
    "",
  );

/** Ids of runs are `test` and a number. */
const byNumber = (one: string, other: string): number => Number(one.slice(4)) - Number(other.slice(4));

const rowsOf = (cluster: SimCluster) =>
  cluster.tablets.flatMap(({ keyspace, mysql }) =>
    mysql.data.sidecar.vreplication.map((row) => ({ keyspace, row })),
  );

const workflowsOf = (cluster: SimCluster): readonly string[] =>
  [...new Set(rowsOf(cluster).map(({ keyspace, row }) => `${keyspace}.${row.workflow}`))].sort();

/**
 * Names that a cancel may take away: what only the target of a MoveTables or Materialize has, by its keyspace's name. The bare name of a
 * table that is copied under its own name goes on meaning the source.
 */
const takenAway = (cluster: SimCluster): ReadonlySet<string> =>
  new Set(
    rowsOf(cluster)
      .filter(({ row }) => [String(MOVE_TABLES), String(MATERIALIZE)].includes(row.workflow_type ?? ""))
      .flatMap(({ keyspace, row }) => {
        const source = parseStreamSource(row.source ?? "");
        if (source.kind === "unanswered" || source.value.keyspace === keyspace) return [];
        return source.value.rules.map(({ match }) => `${keyspace}.${match}`);
      }),
  );
