import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "../../src/apply/execute.js";
import { createRunFolder } from "../../src/apply/runs/run-folder-disk.js";
import type { StepResult } from "../../src/apply/runs/run-result.js";
import { DoctorError, type ExitName } from "../../src/cluster/errors.js";
import type { LockScope, Premise, StreamRow, TabletRef } from "../../src/plan/fields.js";
import type { Plan } from "../../src/plan/plan.js";
import type { StepKind, StepOf } from "../../src/plan/steps/index.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import type { SimTablet } from "../../src/sim/tablet.js";
import { doctorAt } from "./sim-ports.js";

export const SERVER = "etcd-global:2379";

export function refTo(tablet: SimTablet): TabletRef {
  const { name, keyspace, shard, type, address } = tablet;
  return { alias: name, keyspace, shard, type: TabletType[type] ?? "", address };
}

export const rowsOn = (tablet: SimTablet, workflow: string): readonly StreamRow[] =>
  tablet.mysql.data.sidecar.vreplication
    .filter((row) => row.workflow === workflow)
    .map((row) => ({
      id: Number(row.id),
      workflow,
      dbName: row.db_name ?? "",
      state: row.state ?? "",
      message: row.message ?? "",
      image: row,
    }));

export type Bare<K extends StepKind> = Omit<StepOf<K>, "id" | "class" | "destroys" | "kind">;

export const step = <K extends StepKind>(kind: K, body: Bare<K>) =>
  ({ id: `01-${kind}`, class: "confirm", destroys: "metadata", kind, ...body }) as unknown as StepOf<K>;

export interface Outline {
  readonly steps: readonly StepOf<StepKind>[];
  readonly locks?: readonly LockScope[];
  readonly premises?: readonly Premise[];
}

export function planFor(cluster: SimCluster, outline: Outline): Plan {
  const roots = ["global", ...cluster.topology.cells].map((name) => {
    const { etcd, root } = name === "global" ? cluster.topology.global : cluster.topology.cell(name);
    return { name, server: etcd.server, root };
  });
  return {
    kind: "vtdoctor-plan",
    schema: 1,
    id: "r1",
    operation: "fix",
    command: "vtdoctor fix",
    createdAt: cluster.clock.now(),
    expiresAt: cluster.clock.now() + 3_600_000,
    cluster: {
      globalServer: SERVER,
      globalRoot: cluster.topology.global.root,
      clusterIds: Object.fromEntries(roots.map(({ server }) => [server, cluster.server(server).clusterId])),
      marks: [],
      roots,
    },
    repairs: [],
    premises: outline.premises ?? [],
    stages: [{ title: "by hand", locks: outline.locks ?? [], steps: outline.steps }],
    blocked: [],
    notes: [],
  };
}

export type Ran =
  | {
      readonly exit: "ok";
      readonly steps: readonly StepResult[];
      readonly files: Readonly<Record<string, unknown>>;
    }
  | { readonly exit: Exclude<ExitName, "ok">; readonly said: string };

const imageIn = (path: string, name: string): unknown =>
  JSON.parse(readFileSync(join(path, "before", `${name}.json`), "utf8"));

/** Executes the plan in a folder that is gone afterwards; `read` names before-images to hand out. */
export async function run(cluster: SimCluster, plan: Plan, read: readonly string[] = []): Promise<Ran> {
  const runs = mkdtempSync(join(tmpdir(), "vtdoctor-steps-"));
  const folder = createRunFolder(runs, plan, {
    pid: 1,
    hostName: "doctor-1",
    place: "here",
    machine: null,
    hasOnDisk: () => true,
    began: "",
    isAlive: () => false,
  });
  try {
    const { steps } = await execute(plan, doctorAt(cluster), folder, { lockTimeoutMs: 45_000 });
    const files = Object.fromEntries(read.map((name) => [name, imageIn(folder.path, name)]));
    return { exit: "ok", steps, files };
  } catch (error) {
    if (error instanceof DoctorError && error.exit !== "ok") return { exit: error.exit, said: error.message };
    throw error;
  } finally {
    folder.close();
    rmSync(runs, { recursive: true, force: true });
  }
}
