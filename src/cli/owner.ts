import { existsSync, readdirSync, readFileSync, readlinkSync, statfsSync } from "node:fs";
import type { Owner } from "../apply/runs/folder-owner.js";
import { isCode } from "../cluster/errors.js";
import type { Request } from "./command.js";

/** This process, as the executor of a run. */
export const ownerOf = ({ context }: Pick<Request, "context">): Owner => ({
  pid: process.pid,
  hostName: context.hostName,
  place: placeOfPids(),
  machine: machineOf(),
  began: beganAt(process.pid),
  isAlive: (pid, began) => {
    if (!exists(pid)) return false;
    const now = beganAt(pid);
    return now === "" || began === "" || now === began;
  },
  hasOnDisk: (folder) => DISKS.has(statfsSync(folder).type),
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

/** linux/proc_ns.h PROC_PID_INIT_INO: the pid namespace of the machine itself, and of no container. */
const OUTSIDE = "pid:[4026531836]";

/**
 * The id that systemd gave the installation (machine-id(5)), and the hardware addresses of its network cards: a clone of the disk has the
 * same id, but no two machines of one network have a card in common. In a container the id may be the image's.
 */
const machineOf = (): string | null => {
  try {
    if (readlinkSync("/proc/self/ns/pid") !== OUTSIDE) return null;
    const id = readFileSync("/etc/machine-id", "utf8").trim();
    const cards = readdirSync("/sys/class/net")
      .filter((name) => existsSync(`/sys/class/net/${name}/device`))
      .map((name) => readFileSync(`/sys/class/net/${name}/address`, "utf8").trim())
      .filter((address) => /[1-9a-f]/.test(address))
      .sort();
    return id === "" || cards.length === 0 ? null : [id, ...cards].join(" ");
  } catch {
    return null;
  }
};

/** statfs(2), f_type: ext2 to ext4, XFS, Btrfs, F2FS, ZFS. */
const DISKS: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1]);

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
