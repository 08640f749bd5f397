import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { RefusedError, UsageError } from "../cluster/errors.js";
import type { Plan } from "../plan/plan.js";
import { claimFolder, type Owner } from "./folder-owner.js";
import type { JournalRecord } from "./journal.js";
import type { RunFolder } from "./run-folder.js";
import type { RunReport } from "./run-report.js";

/** `runsDir`: usually `.vtdoctor/runs`. A plan is consumed once: the run has its id, and a second run of it is refused. */
export function createRunFolder(runsDir: string, plan: Plan, owner: Owner): RunFolder {
  const path = join(runsDir, plan.id);
  mkdirSync(join(path, "before"), { recursive: true });
  const release = claimFolder(path, owner);
  try {
    if (existsSync(join(path, "plan.json"))) {
      throw new RefusedError(
        `plan ${plan.id} was started before (${path}); go on with \`vtdoctor resume ${plan.id}\`, or make a new plan`,
      );
    }
    writeWhole(join(path, "plan.json"), `${JSON.stringify(plan, null, 2)}\n`);
    syncDirectory(path);
    syncDirectory(runsDir);
    return new DiskRunFolder(path, plan, release);
  } catch (error) {
    release();
    throw error;
  }
}

/** Opens the folder of an earlier run, to go on with it. */
export function openRunFolder(runsDir: string, run: string, owner: Owner): RunFolder {
  const path = join(runsDir, run);
  if (!existsSync(join(path, "plan.json"))) {
    throw new UsageError(`there is no run ${run} in ${runsDir}; \`vtdoctor runs\` lists them`);
  }
  const release = claimFolder(path, owner);
  try {
    const plan: Plan = JSON.parse(readFileSync(join(path, "plan.json"), "utf8"));
    return new DiskRunFolder(path, plan, release);
  } catch (error) {
    release();
    throw error;
  }
}

class DiskRunFolder implements RunFolder {
  private readonly journal: number;
  private readonly seen: JournalRecord[];

  constructor(
    readonly path: string,
    readonly plan: Plan,
    private readonly release: () => void,
  ) {
    const file = join(path, "journal.jsonl");
    const { records, bytes } = readJournal(file);
    this.seen = records;
    this.journal = openSync(file, "a");
    ftruncateSync(this.journal, bytes);
    syncDirectory(path);
  }

  get run(): string {
    return this.plan.id;
  }

  records(): readonly JournalRecord[] {
    return [...this.seen];
  }

  append(record: JournalRecord): void {
    writeSync(this.journal, `${JSON.stringify(record)}\n`);
    fsyncSync(this.journal);
    this.seen.push(record);
  }

  keepBefore(name: string, image: unknown): string {
    const relative = imagePath(name);
    const file = join(this.path, relative);
    if (!existsSync(file)) {
      writeWhole(file, `${JSON.stringify(image, null, 2)}\n`);
      syncDirectory(dirname(file));
    }
    return relative;
  }

  readBefore(name: string): unknown {
    return JSON.parse(readFileSync(join(this.path, imagePath(name)), "utf8"));
  }

  addSection(file: string, title: string, text: string): string {
    const path = join(this.path, file);
    const written = existsSync(path) ? readFileSync(path, "utf8") : "";
    const heading = `-- ${title}\n`;
    if (!written.includes(heading)) writeWhole(path, `${written}${heading}${text}\n\n`);
    return path;
  }

  saveReport(report: RunReport): void {
    writeWhole(join(this.path, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  }

  close(): void {
    closeSync(this.journal);
    this.release();
  }
}

/** Step ids carry workflow names, which may hold any character. */
const imagePath = (name: string): string => join("before", `${encodeURIComponent(name)}.json`);

/** A crash while writing leaves at most one torn record, the last: it was not on disk when its effect could have begun. */
function readJournal(file: string): { readonly records: JournalRecord[]; readonly bytes: number } {
  const content = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const whole = content.subarray(0, content.lastIndexOf(0x0a) + 1);
  const lines = whole.toString("utf8").split("\n").slice(0, -1);
  return { records: lines.map((line, index) => parseLine(file, line, index + 1)), bytes: whole.length };
}

function parseLine(file: string, line: string, number: number): JournalRecord {
  try {
    return JSON.parse(line);
  } catch {
    throw new RefusedError(
      `${file}:${number} is no journal record, so what was done can not be known; restore the file from a backup of the run's folder`,
    );
  }
}

/** Whole or not at all, whatever happens in between. */
function writeWhole(file: string, text: string): void {
  const handle = openSync(`${file}.new`, "w");
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
}

function syncDirectory(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
