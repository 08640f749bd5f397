import type { Guard } from "../draft.js";
import { claimedTwice, type Process } from "../view/processes.js";

/** An alias that more than one process claims: nobody can tell which of them is the tablet, so neither is touched. */
export const aliasClash: Guard<{ readonly processes: readonly Process[] }> = (_, { processes }) =>
  [...claimedTwice(processes)].map((alias) => {
    const addresses = processes.filter((process) => process.alias === alias).map(({ address }) => address);
    return {
      reason: `${addresses.length} processes say that they are ${alias} (${addresses.join(", ")}): a record could only name one of them, and neither is touched`,
      instead: "stop the one that is a copy, then plan again",
    };
  });
