import { Chalk, type ChalkInstance } from "chalk";
import type { Severity } from "../findings/finding.js";

/** How a person's terminal wants it. `color`: chalk's level; `width`: columns. */
export interface Style {
  readonly color: 0 | 1 | 2 | 3;
  readonly width: number;
  readonly verbose: boolean;
}

export interface Paint {
  readonly severity: (severity: Severity, text: string) => string;
  readonly strong: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly command: (text: string) => string;
  readonly warning: (text: string) => string;
}

/** Its own instance: chalk's shared one asks the process's environment, and not NO_COLOR. */
export const paintWith = (style: Style): Paint => {
  const chalk = new Chalk({ level: style.color });
  const bySeverity: Readonly<Record<Severity, ChalkInstance>> = {
    critical: chalk.red.bold,
    warning: chalk.yellow,
    info: chalk.blue,
  };
  return {
    severity: (severity, text) => bySeverity[severity](text),
    strong: (text) => chalk.bold(text),
    quiet: (text) => chalk.dim(text),
    command: (text) => chalk.cyan(text),
    warning: (text) => chalk.yellow(text),
  };
};
