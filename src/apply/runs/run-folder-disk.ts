import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DoctorError, RefusedError, UsageError } from "../../cluster/errors.js";
import { didYouMean } from "../../cluster/suggest.js";
import type { Plan } from "../../plan/plan.js";
import { notWritten, Reserve, syncDirectory, writeWhole } from "./disk.js";
import { claimFolder, type Owner } from "./folder-owner.js";
import type { JournalRecord } from "./journal.js";
import { JournalFile, journalIn, readJournal } from "./journal-file.js";
import { planIn, planOfRun, writePlan } from "./plan-file.js";
import { reportText } from "./report-text.js";
import type { RunFolder } from "./run-folder.js";
import type { RunReport } from "./run-result.js";

/** A plan is consumed once: the run has its id, and a second run of it is refused. */
export function createRunFolder(runsDir: string, plan: Plan, owner: Owner): RunFolder {
  const path = join(runsDir, plan.id);
  try {
    mkdirSync(join(path, "before"), { recursive: true, mode: 0o700 });
    return claimed(path, owner, (release) => {
      refuseStarted(runsDir, plan);
      writePlan(planIn(path), plan);
      syncDirectory(runsDir);
      return new DiskRunFolder(path, plan, release);
    });
  } catch (error) {
    if (error instanceof DoctorError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--run-dir ${runsDir}: the run's folder can not be made there: ${words}`);
  }
}

export function refuseStarted(runsDir: string, { id }: Plan): void {
  const path = join(runsDir, id);
  if (existsSync(planIn(path)))
    throw new RefusedError(
      `plan ${id} was started before (${path}); go on with \`vtdoctor resume ${id}\`, or make a new plan`,
    );
}

/** Opens the folder of an earlier run, to go on with it. Throws `UsageError` where there is none or its plan is damaged. */
export function openRunFolder(runsDir: string, run: string, owner: Owner): RunFolder {
  const path = join(runsDir, run);
  if (!existsSync(planIn(path))) throw new UsageError(`there is no run ${run} in ${runsDir}.`);
  return claimed(
    path,
    owner,
    (release) => new DiskRunFolder(path, planOfRun(path, readJournal(journalIn(path))), release),
  );
}

function claimed(path: string, owner: Owner, open: (release: () => void) => RunFolder): RunFolder {
  const release = claimFolder(path, owner);
  try {
    return open(release);
  } catch (error) {
    release();
    throw error;
  }
}

/** Runs that an error names. */
const MOST_NAMED = 5;

/** `place`: where `runs` are. */
export function noRun(place: string, runs: readonly string[], run: string): string {
  const newest = runs.toSorted().slice(-MOST_NAMED);
  const holds = runs.length === 0 ? "It holds none" : `It holds ${newest.join(", ")}`;
  const more = runs.length > newest.length ? ` and ${runs.length - newest.length} older ones` : "";
  return `there is no run ${run} in ${place} (--run-dir).${didYouMean(run, runs)} ${holds}${more}; vtdoctor runs lists them.`;
}

const PATHS = "paths.json";

class DiskRunFolder implements RunFolder {
  private readonly journal: JournalFile;
  private readonly reserve: Reserve;

  constructor(
    readonly path: string,
    readonly plan: Plan,
    private readonly release: () => void,
  ) {
    this.reserve = new Reserve(join(path, "reserve"));
    this.journal = new JournalFile(journalIn(path), this.reserve);
    syncDirectory(path);
  }

  get run(): string {
    return this.plan.id;
  }

  records(): readonly JournalRecord[] {
    return this.journal.records;
  }

  append(record: JournalRecord): void {
    this.journal.append(record);
  }

  keepBefore(step: string, image: unknown): string {
    const relative = imagePath(this.plan, step);
    const file = join(this.path, relative);
    if (!existsSync(file)) {
      write(file, `${JSON.stringify(image, null, 2)}\n`);
      syncDirectory(dirname(file));
    }
    return relative;
  }

  addSection(file: string, title: string, text: string): string {
    const path = join(this.path, file);
    const written = textOf(path);
    const section = `-- ${title}\n${text}\n\n`;
    if (!written.includes(section)) write(path, `${written}${section}`);
    return path;
  }

  section(file: string, title: string): { readonly path: string; readonly text: string } {
    const path = join(this.path, file);
    const heading = `-- ${title}\n`;
    const sections = textOf(path).split(/^(?=-- )/m);
    const ours = sections.filter((section) => section.startsWith(heading));
    return { path, text: ours.map((section) => section.slice(heading.length)).join("") };
  }

  keepPaths(paths: unknown): void {
    write(join(this.path, PATHS), `${JSON.stringify(paths)}\n`);
  }

  keptPaths(): unknown {
    const text = textOf(join(this.path, PATHS));
    return text === "" ? null : JSON.parse(text);
  }

  saveReport(report: RunReport): void {
    write(join(this.path, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    write(join(this.path, "report.txt"), reportText(this.plan, this.records()));
  }

  close(): void {
    this.journal.close();
    this.reserve.giveBack();
    this.release();
  }
}

/** Throws `DoctorError` (interrupted). */
function write(file: string, text: string): void {
  try {
    writeWhole(file, text);
  } catch (error) {
    throw notWritten(file, error);
  }
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** By the step's place in the plan: its id may name every cell of the cluster, and a file's name is no longer than 255 bytes. */
function imagePath(plan: Plan, id: string): string {
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const place = steps.findIndex((step) => step.id === id);
  const kind = steps[place]?.kind;
  if (kind === undefined) throw new Error(`${id} is no step of plan ${plan.id}`);
  return join("before", `${String(place + 1).padStart(2, "0")}-${kind}.json`);
}
