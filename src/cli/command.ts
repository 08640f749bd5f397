import type { ApplyEvent, Ports } from "../apply/ports.js";
import type { Clock, Ids } from "../cluster/clock.js";
import type { CollectSources } from "../collect/collect.js";
import type { Option } from "../config/options.js";
import type { Connection, Given } from "../config/settings.js";
import type { Suppression } from "../findings/suppression.js";
import type { Recordings } from "../rules/examples.js";
import type { Rule } from "../rules/rule.js";
import type { Snapshot } from "../snapshot/snapshot.js";

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
  /** Closes a snapshot when the command has ended. */
  readonly closesAtEnd: (snapshot: Snapshot) => Snapshot;
  /** The program itself, for a command that types others (`demo`). */
  readonly vtdoctor: (argv: readonly string[], context: Context) => Promise<number>;
}

/** Returns the exit code; throws DoctorErrors. */
export type Run = (request: Request) => Promise<number>;

/** Everything a command may touch of the process that runs it. */
export interface Context {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly hostName: string;
  readonly userName: string;
  /** Whether the process is root's: its state is the machine's. */
  readonly isRoot: boolean;
  /** Aborted by the first Ctrl-C: finish the step, journal it, stop. */
  readonly signal: AbortSignal;
  /** Aborted by the second: who listens says in its last words what it leaves behind. */
  readonly killed: AbortSignal;
  readonly terminal: Terminal;
  readonly backend: Backend;
  /** The recorded clusters that the examples of these rules name; the package has none. */
  readonly recordings: (rules: readonly Rule[]) => Promise<Recordings>;
}

export interface Terminal {
  /** The result. */
  out(text: string): void;
  /** Everything else, a line. */
  note(text: string): void;
  /** Replaces the last progress line on a terminal; nothing elsewhere. */
  progress(text: string): void;
  readonly columns: number;
  readonly outIsTerminal: boolean;
  /** The answer, or null where there is no terminal to ask at. */
  ask(question: string): Promise<string | null>;
}

interface Closing {
  /** Lets the process end. */
  close(): void;
}

/** How a cluster is reached: over the network, or a simulated one in this process. */
export interface Backend {
  sources(connection: Connection, context: Context, quiet: boolean): Promise<CollectSources & Closing>;
  ports(connection: Connection, context: Context, log: (event: ApplyEvent) => void): Promise<Ports & Closing>;
}
