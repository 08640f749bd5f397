import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type DoctorError, RefusedError } from "../../cluster/errors.js";
import { notWritten, type Reserve } from "./disk.js";
import type { JournalRecord } from "./journal.js";

export const journalIn = (folder: string): string => join(folder, "journal.jsonl");

/** `journal.jsonl`: one record a line, each on disk before `append` returns. */
export class JournalFile {
  readonly #handle: number;
  readonly #records: JournalRecord[];
  #bytes: number;
  #failed: DoctorError | null = null;
  #full: DoctorError | null = null;

  /** A torn last record, of a crash while it was written, is cut off: its effect can not have begun. */
  constructor(
    private readonly file: string,
    private readonly reserve: Reserve,
  ) {
    const { records, bytes } = readRecords(file);
    this.#records = records;
    this.#bytes = bytes;
    this.#handle = openSync(file, "a", 0o600);
    ftruncateSync(this.#handle, bytes);
  }

  get records(): readonly JournalRecord[] {
    return [...this.#records];
  }

  /**
   * Throws `DoctorError` (interrupted) where it can not be written, and from then on: what is only half on disk is cut off again, and what
   * came behind a record that is missing would tell another story. On a disk that is full no further step is begun; what came of the one
   * that was has its place in the reserve.
   */
  append(record: JournalRecord): void {
    if (this.#failed !== null) throw this.#failed;
    if (this.#full !== null && record.kind === "intent") throw this.#full;
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      this.#write(line, record.kind === "intent");
    } catch (error) {
      this.#failed = notWritten(this.file, error);
      throw this.#failed;
    }
    this.#bytes += line.length;
    this.#records.push(record);
  }

  #write(line: Buffer, isIntent: boolean): void {
    try {
      writeFileSync(this.#handle, line);
      fsyncSync(this.#handle);
    } catch (error) {
      ftruncateSync(this.#handle, this.#bytes);
      if (isIntent || !this.reserve.giveBack()) throw error;
      this.#full = notWritten(this.file, error);
      this.#write(line, isIntent);
    }
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/** Without opening it for writing; a torn last record is left out. */
export const readJournal = (file: string): readonly JournalRecord[] => readRecords(file).records;

function readRecords(file: string): { readonly records: JournalRecord[]; readonly bytes: number } {
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
