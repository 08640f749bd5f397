import type { ApplyEvent } from "../apply/ports.js";
import type { Request } from "./command.js";

/** Tells on stderr what an execution does, a line a step; nothing with `--quiet`. */
export const narrate = ({
  given,
  context,
}: Pick<Request, "given" | "context">): ((event: ApplyEvent) => void) => {
  if (given.yes("quiet")) return () => {};
  const { terminal } = context;
  return (event) => {
    switch (event.kind) {
      case "stage-started":
        return terminal.note(`${event.title}`);
      case "lock-awaited":
        return terminal.progress(
          `waiting for the lock on ${event.lock}, held by ${event.holder.action} on ${event.holder.hostName}`,
        );
      case "lock-taken":
        return terminal.progress(`lock on ${event.lock} taken`);
      case "step-started":
        return terminal.progress(`${event.id} ...`);
      case "step-ended":
        return terminal.note(
          `  ${event.result.outcome === "done" ? "done" : "was done"}  ${event.result.id}: ${event.result.said}`,
        );
    }
  };
};
