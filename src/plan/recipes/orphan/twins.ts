import type { Process } from "../../view/processes.js";
import type { Obstacle } from "../../view/shards.js";

/** Aliases that more than one process claims: nobody can tell which of them is the tablet, so neither is touched. */
export const twins = (processes: readonly Process[]): ReadonlySet<string> =>
  new Set(
    processes
      .filter(({ alias }, at) => processes.findIndex((other) => other.alias === alias) !== at)
      .map(({ alias }) => alias),
  );

export const twinObstacles = (processes: readonly Process[]): readonly Obstacle[] =>
  [...twins(processes)].map((alias) => {
    const addresses = processes.filter((process) => process.alias === alias).map(({ address }) => address);
    return {
      reason: `${addresses.length} processes say that they are ${alias} (${addresses.join(", ")}): a record could only name one of them, and neither is touched`,
      instead: "stop the one that is a copy, then plan again",
    };
  });
