import type { Option } from "../config/options.js";
import type { Given } from "../config/settings.js";
import type { Suppression } from "../findings/suppression.js";
import type { Context } from "./context.js";

/** One command: what `--help` says of it, and where its code is (loaded only when it runs). */
export interface Command {
  readonly name: string;
  /** As yargs writes it: `cancel <workflow>`, `fix [findings..]`. */
  readonly usage: string;
  readonly about: string;
  /** Two to four command lines, and what each does. */
  readonly examples: readonly (readonly [typed: string, does: string])[];
  readonly options: Readonly<Record<string, Option>>;
  readonly load: () => Promise<{ readonly run: Run }>;
}

export interface Request {
  readonly given: Given;
  readonly suppressions: readonly Suppression[];
  readonly context: Context;
  /** The command line as typed, for plans and journals. It can hold no secret: those come by file or environment. */
  readonly typed: string;
  /** The program itself, for a command that types others (`demo`). */
  readonly vtdoctor: (argv: readonly string[], context: Context) => Promise<number>;
}

/** Returns the exit code; throws DoctorErrors. */
export type Run = (request: Request) => Promise<number>;
