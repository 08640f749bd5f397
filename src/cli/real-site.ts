import { execute } from "../apply/execute.js";
import type { Owner } from "../apply/folder-owner.js";
import { resume } from "../apply/resume.js";
import type { RunFolder } from "../apply/run-folder.js";
import { createRunFolder, openRunFolder } from "../apply/run-folder-disk.js";
import type { RunResult } from "../apply/run-result.js";
import type { World } from "../apply/world.js";
import { connectionOf } from "../config/settings.js";
import type { Plan } from "../plan/plan.js";
import type { Site } from "./carry-out.js";
import type { Request } from "./command.js";
import { narrate } from "./narrate.js";
import { judged, observe } from "./observe.js";
import { ruleSet } from "./rule-set.js";
import { realWorld } from "./world.js";

/** The cluster that the connection flags name, with runs in `--run-dir`. */
export function realSite(
  request: Request,
): Site & { resume(run: string): Promise<{ plan: Plan; result: RunResult }> } {
  const folders = request.given.text("run-dir") ?? ".vtdoctor/runs";
  const owner = ownerOf(request);
  return {
    execute: (plan) =>
      within(request, createRunFolder(folders, plan, owner), (folder, world, options) =>
        execute(plan, world, folder, options),
      ),
    resume: async (run) => {
      const folder = openRunFolder(folders, run, owner);
      return { plan: folder.plan, result: await within(request, folder, resume) };
    },
    rescan: async () => judged(await observe(request), ruleSet(request.given), request),
  };
}

async function within(
  request: Request,
  folder: RunFolder,
  run: (
    folder: RunFolder,
    world: World,
    options: { lockTimeoutMs: number; signal: AbortSignal },
  ) => Promise<RunResult>,
): Promise<RunResult> {
  const { given, context } = request;
  const world = realWorld(connectionOf(given, context.env), context, narrate(request));
  try {
    return await run(folder, world, {
      lockTimeoutMs: given.duration("lock-timeout") ?? 45_000,
      signal: context.signal,
    });
  } finally {
    world.close();
    folder.close();
  }
}

const ownerOf = ({ context }: Request): Owner => ({
  pid: process.pid,
  hostName: context.hostName,
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  },
});
