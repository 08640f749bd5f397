import { execute } from "../apply/execute.js";
import { createRunFolder } from "../apply/run-folder-disk.js";
import type { World } from "../apply/world.js";
import { Given } from "../config/settings.js";
import type { SimCluster } from "../sim/cluster.js";
import type { Site } from "./carry-out.js";
import type { Request } from "./command.js";
import { narrate } from "./narrate.js";
import { judged, look, type Observation } from "./observe.js";
import { ruleSet } from "./rule-set.js";
import { simulatedSettings, simulatedSources } from "./simulated-sources.js";

export interface SimulatedSite extends Site {
  /** The request as the commands see it there: on the cluster's clock, and agreed to. */
  readonly request: Request;
  observe(): Promise<Observation>;
}

/** A simulated cluster behind the same ports as a real one, with its runs in `folder`. */
export function simulatedSite(cluster: SimCluster, original: Request, folder: string): SimulatedSite {
  const { terminal } = original.context;
  const request: Request = {
    ...original,
    given: new Given({
      "fail-on": "warning",
      format: "human",
      yes: true,
      color: original.given.choice("color"),
      verbose: original.given.yes("verbose"),
      quiet: original.given.yes("quiet"),
    }),
    // One stream, so that the story keeps its order where the two go to different places.
    context: { ...original.context, clock: cluster.clock, terminal: { ...terminal, note: terminal.out } },
  };
  const { ids, hostName, userName, version, signal } = request.context;
  const { reader, writer, clock } = cluster;
  const world: World = {
    store: (server) => cluster.connect(server),
    reader,
    writer,
    clock,
    ids,
    hostName,
    userName,
    log: narrate(request),
  };
  const observe = (): Promise<Observation> =>
    look(simulatedSources(cluster), simulatedSettings(cluster, version));
  return {
    request,
    observe,
    execute: async (plan) => {
      const run = createRunFolder(folder, plan, { pid: process.pid, hostName, isAlive: () => true });
      try {
        return await execute(plan, world, run, { lockTimeoutMs: 45_000, signal });
      } finally {
        run.close();
      }
    },
    rescan: async () => judged(await observe(), ruleSet(request.given), request),
  };
}
