import type { Style } from "../report/style.js";
import type { Request } from "./command.js";
import { colorLevel } from "./output.js";

/** How the human report is to look here. */
export const styleOf = (request: Request): Style => ({
  color: colorLevel(request),
  width: Math.min(request.context.terminal.columns, 160),
  verbose: request.given.yes("verbose"),
});
