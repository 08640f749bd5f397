/** Node's code of a failure (`ENOENT`); what it says where it has none. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

export const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** Names and numbers of the process's ends (README.md#for-cron); the JSON document carries both. */
export const EXIT = {
  ok: 0,
  findings: 1,
  usage: 2,
  incomplete: 3,
  refused: 4,
  interrupted: 5,
  unverified: 6,
  internal: 7,
} as const;

export type ExitName = keyof typeof EXIT;

/** The closed list of errors that vtdoctor throws on purpose. Anything else that is thrown is a bug: exit 7. */
export class DoctorError extends Error {
  constructor(
    readonly exit: ExitName,
    message: string,
  ) {
    super(message);
    this.name = "DoctorError";
  }
}

/** Flag, file or key, what was wrong, what to do: nothing was changed. */
export class UsageError extends DoctorError {
  constructor(message: string) {
    super("usage", message);
    this.name = "UsageError";
  }
}

/** A required source did not answer, so nothing can be concluded. */
export class IncompleteError extends DoctorError {
  constructor(message: string) {
    super("incomplete", message);
    this.name = "IncompleteError";
  }
}

/** Going on would be unsafe: nothing (more) was changed. */
export class RefusedError extends DoctorError {
  constructor(message: string) {
    super("refused", message);
    this.name = "RefusedError";
  }
}

/** What was done did not last: somebody undid it while it was watched. */
export class UnverifiedError extends DoctorError {
  constructor(message: string) {
    super("unverified", message);
    this.name = "UnverifiedError";
  }
}

/** Stopped part-way; the run's journal says where. */
export class InterruptedError extends DoctorError {
  constructor(
    readonly run: string,
    message: string,
  ) {
    super("interrupted", message);
    this.name = "InterruptedError";
  }
}
