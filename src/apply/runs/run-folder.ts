import type { Plan } from "../../plan/plan.js";
import type { JournalRecord } from "./journal.js";
import type { RunReport } from "./run-result.js";

/**
 * `.vtdoctor/runs/<run>/`: everything about one run, readable without vtdoctor. `plan.json` what is to be done, `journal.jsonl` what
 * was done, `before/` what was there before, `paths.json` what was served, `report.json` how it ended, `report.txt` the same told to a person. What a call wrote is on disk when it returns.
 * One executor at a time has it open.
 */
export interface RunFolder {
  readonly run: string;
  readonly path: string;
  readonly plan: Plan;
  /** In the order of writing; a torn last record is left out. */
  records(): readonly JournalRecord[];
  append(record: JournalRecord): void;
  /** `before/07-table.hold.json`, for the plan's seventh step; `step` is its id. Its first image stays. Returns its path inside the folder. */
  keepBefore(step: string, image: unknown): string;
  /** Adds a section to a text file unless one of that title and text is there. Returns the file's path. */
  addSection(file: string, title: string, text: string): string;
  /** The text of all sections of that title; empty where there is none. */
  section(file: string, title: string): { readonly path: string; readonly text: string };
  /** The query paths as the last look that was well saw them, and what is kept of them; null: nothing yet. */
  keepPaths(paths: unknown): void;
  keptPaths(): unknown;
  saveReport(report: RunReport): void;
  /** Lets others open it. */
  close(): void;
}
