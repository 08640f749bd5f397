import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalRecord } from "../../src/apply/runs/journal.js";
import type { RunFolder } from "../../src/apply/runs/run-folder.js";
import type { RunReport } from "../../src/apply/runs/run-result.js";
import type { Plan } from "../../src/plan/plan.js";
import type { SimCluster } from "../../src/sim/cluster.js";

/** The process is gone: whatever it would have done next does not happen. */
export class Killed extends Error {}

/** Instants around one write to the disk, in the order in which they come. */
const DISK_INSTANTS = ["before", "torn", "after"] as const;

/**
 * Kills its process at the n-th instant at which a kill can make a difference: before and after every effect on the cluster, and
 * before, in the middle of and after every write to the run's folder. Past its last instant it lives.
 */
export class Fate {
  readonly #instants: string[] = [];
  #killed = false;
  /** What it was doing when it was killed. */
  at = "";

  constructor(private readonly killAt: number) {}

  get killed(): boolean {
    return this.#killed;
  }

  /** Instants that came, in order: what it was doing at each. The n-th is that of `killAt` n. */
  get instants(): readonly string[] {
    return this.#instants;
  }

  get passed(): number {
    return this.#instants.length;
  }

  /** True exactly once: now. */
  strikes(what: string): boolean {
    this.mustLive();
    this.#instants.push(what);
    if (this.passed !== this.killAt) return false;
    this.at = what;
    this.#killed = true;
    return true;
  }

  mustLive(): void {
    if (this.#killed) throw new Killed(this.at);
  }

  instant(what: string): undefined {
    if (this.strikes(what)) throw new Killed(what);
  }

  rule(cluster: SimCluster): void {
    cluster.effects.hook = {
      before: ({ call, at }) => this.instant(`before ${call} at ${at}`),
      after: ({ call, at }) => this.instant(`after ${call} at ${at}, its reply lost`),
    };
  }
}

/** A run's folder on the disk of a process that may be killed. */
export class MortalFolder implements RunFolder {
  constructor(
    private readonly folder: RunFolder,
    private readonly fate: Fate,
  ) {}

  get run(): string {
    return this.folder.run;
  }
  get path(): string {
    return this.folder.path;
  }
  get plan(): Plan {
    return this.folder.plan;
  }

  records(): readonly JournalRecord[] {
    return this.folder.records();
  }

  append(record: JournalRecord): void {
    for (const instant of DISK_INSTANTS) {
      if (instant === "after") this.folder.append(record);
      if (!this.fate.strikes(`${instant} the journal's ${record.kind}`)) continue;
      if (instant === "torn") {
        const text = JSON.stringify(record);
        appendFileSync(join(this.path, "journal.jsonl"), text.slice(0, text.length / 2));
      }
      throw new Killed(this.fate.at);
    }
  }

  keepBefore(step: string, image: unknown): string {
    this.fate.instant("before an image");
    const path = this.folder.keepBefore(step, image);
    this.fate.instant("after an image");
    return path;
  }

  addSection(file: string, title: string, text: string): string {
    this.fate.instant("before a section");
    const path = this.folder.addSection(file, title, text);
    this.fate.instant("after a section");
    return path;
  }

  section(file: string, title: string): { readonly path: string; readonly text: string } {
    return this.folder.section(file, title);
  }

  keepPaths(paths: unknown): void {
    this.fate.instant("before the paths");
    this.folder.keepPaths(paths);
    this.fate.instant("after the paths");
  }

  keptPaths(): unknown {
    return this.folder.keptPaths();
  }

  saveReport(report: RunReport): void {
    this.fate.instant("before the report");
    this.folder.saveReport(report);
  }

  close(): void {
    this.fate.mustLive();
    this.folder.close();
  }
}
