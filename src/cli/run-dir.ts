import type { Owner } from "../apply/runs/folder-owner.js";
import { LIMITS } from "../config/options.js";
import type { Request } from "./command.js";

/** `--run-dir`: where the runs' folders are. */
export const runsDirOf = ({ given }: Request): string => given.text("run-dir") ?? LIMITS["run-dir"].default;

/** This process, as the executor of a run. */
export const ownerOf = ({ context }: Request): Owner => ({
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
