import { rmSync } from "node:fs";
import { join } from "node:path";
import { execute, resume } from "../../src/apply/execute.js";
import type { ExecuteOptions } from "../../src/apply/plan-execution.js";
import type { Owner } from "../../src/apply/runs/folder-owner.js";
import { createRunFolder, openRunFolder } from "../../src/apply/runs/run-folder-disk.js";
import type { RunResult } from "../../src/apply/runs/run-result.js";
import { DoctorError } from "../../src/cluster/errors.js";
import type { Plan } from "../../src/plan/plan.js";
import { writeSet } from "../../src/plan/write-set.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { doctorAt } from "../apply/sim-ports.js";
import { changed, type WorldImage } from "./world-image.js";

/** Every process before this one is dead. */
export const owner = (pid: number): Owner => ({
  pid,
  hostName: "doctor-1",
  place: "here",
  machine: null,
  hasOnDisk: () => true,
  began: "",
  isAlive: () => false,
});

export type Attempt =
  | { readonly kind: "ended"; readonly result: RunResult }
  | { readonly kind: "stopped"; readonly error: DoctorError };

const OPTIONS: ExecuteOptions = { lockTimeoutMs: 45_000 };

/** Executes the plan from its beginning in a folder of its own. */
export async function start(
  runs: string,
  plan: Plan,
  cluster: SimCluster,
  options: ExecuteOptions = OPTIONS,
): Promise<Attempt> {
  rmSync(join(runs, plan.id), { recursive: true, force: true });
  const folder = createRunFolder(runs, plan, owner(1));
  return attempt(() => execute(plan, doctorAt(cluster), folder, options)).finally(() => folder.close());
}

export async function goOn(runs: string, plan: Plan, cluster: SimCluster): Promise<Attempt> {
  const folder = openRunFolder(runs, plan.id, owner(2));
  return attempt(() => resume(folder, doctorAt(cluster, "doctor-2"), OPTIONS)).finally(() => folder.close());
}

async function attempt(run: () => Promise<RunResult>): Promise<Attempt> {
  try {
    return { kind: "ended", result: await run() };
  } catch (error) {
    if (error instanceof DoctorError) return { kind: "stopped", error };
    throw error;
  }
}

export const serversOf = (plan: Plan): readonly string[] => Object.keys(plan.cluster.clusterIds);

/** Whether the plan says that it writes what an image calls `name`. */
function writable(plan: Plan, name: string): boolean {
  return writeSet(plan).some((write) => {
    switch (write.kind) {
      case "topo-key":
        return name === `key ${write.server} ${write.key}`;
      case "stream-row":
        return (
          ["stream", "engine"].some(
            (kind) => name === `${kind} ${write.alias} ${write.workflow} ${write.id}`,
          ) || ["copy", "action"].some((kind) => name.startsWith(`${kind} ${write.alias} ${write.id} `))
        );
      case "journal":
        return name === `journal ${write.alias} ${write.id}`;
      case "tablet-state":
        return name === `state ${write.alias}`;
      case "table":
        return name === `table ${write.alias} ${write.schema} ${write.table}`;
      case "process":
        return name === `process ${write.alias}`;
      default:
        return false;
    }
  });
}

/** What differs and the plan does not say that it writes. A replica follows its primary: what is done to 200 happens to 201 as well. */
export const strangers = (
  plan: Plan,
  before: WorldImage,
  after: WorldImage,
  replicas: readonly string[] = ["zone1-0000000201"],
): readonly string[] => {
  const followed = (name: string): string =>
    replicas.reduce((text, replica) => text.replace(replica, `${replica.slice(0, -1)}0`), name);
  return changed(before, after).filter((name) => !writable(plan, name) && !writable(plan, followed(name)));
};

export const stepIds = (plan: Plan): readonly string[] =>
  plan.stages.flatMap((stage) => stage.steps).map((step) => step.id);
