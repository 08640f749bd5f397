import { readFileSync, readlinkSync } from "node:fs";
import type { Owner } from "../apply/runs/folder-owner.js";
import { isCode } from "../cluster/errors.js";
import type { Request } from "./command.js";

/** This process, as the executor of a run. */
export const ownerOf = ({ context }: Pick<Request, "context">): Owner => ({
  pid: process.pid,
  hostName: context.hostName,
  place: placeOfPids(),
  began: beganAt(process.pid),
  isAlive: (pid, began) => {
    if (!exists(pid)) return false;
    const now = beganAt(pid);
    return now === "" || began === "" || now === began;
  },
});

/** Linux has a number of its own for each boot and for each pid namespace; elsewhere there are no such namespaces. */
const placeOfPids = (): string | null => {
  if (process.platform !== "linux") return process.platform;
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
};

/** proc(5), stat: starttime is the twentieth field behind the name, which may have blanks and brackets; empty where it can not be read. */
const beganAt = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, "EPERM");
  }
};
