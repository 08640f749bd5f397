import { linkSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isCode, RefusedError } from "../../cluster/errors.js";
import { writeWhole } from "./disk.js";

/** The process that opens a run's folder, and how it finds out whether another one still runs. */
export interface Owner {
  readonly pid: number;
  readonly hostName: string;
  /**
   * Where `pid` means this process and no other, as far as can be told: boot of the kernel and pid namespace, a blank between. Two containers, and two
   * machines of one name, have others. Null: it can not be told.
   */
  readonly place: string | null;
  /**
   * Which machine this is, across its restarts, as far as a process outside of any container can tell; null: it can not. A clone of its disk,
   * and a disk that moved to another machine, are other machines.
   */
  readonly machine: string | null;
  /** When it began, in the kernel's own measure, as a pid comes again; empty: nobody says. */
  readonly began: string;
  /** Whether the process of this place runs that has the pid and began then. */
  isAlive(pid: number, began: string): boolean;
  /** Whether the folder lies on a disk of this machine's own, by the type of its file system. */
  hasOnDisk(folder: string): boolean;
}

type Claim = Pick<Owner, "pid" | "hostName" | "place" | "machine" | "began">;

/**
 * Makes `owner` the only executor in the folder by a file that exactly one process can create; returns what gives it up.
 * The file of a process of the same place that is dead is taken over, and that of a process which this machine has outlived by a restart.
 * Whether one of another host or pid namespace lives can not be known, so its file refuses until a person has removed it; Node has no lock
 * that would end with its holder.
 */
export function claimFolder(folder: string, owner: Owner): () => void {
  const file = join(folder, "executor.lock");
  const own = join(folder, `executor.${owner.pid}-${owner.began}.lock`);
  writeWhole(own, JSON.stringify(claimOf(owner)));
  try {
    if (!tryLink(own, file)) {
      const holder = readClaim(file);
      if (holder !== null && !isDead(holder, owner, folder))
        throw new RefusedError(inUse(folder, file, holder, owner));
      moveDeadAside(file, holder, `${own}.dead`);
      if (!tryLink(own, file)) throw new RefusedError(inUse(folder, file, readClaim(file), owner));
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** Whether a process that may be alive has the folder; it is not claimed. */
export function isClaimed(folder: string, owner: Owner): boolean {
  const holder = readClaim(join(folder, "executor.lock"));
  return holder !== null && !isDead(holder, owner, folder);
}

/** Whoever renames it may remove it; when it turns out to be somebody's fresh claim after all, that is put back. */
function moveDeadAside(file: string, dead: Claim | null, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  const moved = readClaim(aside);
  if (moved !== null && JSON.stringify(moved) !== JSON.stringify(dead)) tryLink(aside, file);
  rmSync(aside, { force: true });
}

const isDead = (holder: Claim, owner: Owner, folder: string): boolean =>
  (isOfPlace(holder, owner) && !owner.isAlive(holder.pid, holder.began)) ||
  (isOfEarlierBoot(holder, owner) && owner.hasOnDisk(folder));

/** No process outlives the kernel that ran it. */
const isOfEarlierBoot = (holder: Claim, owner: Owner): boolean =>
  holder.hostName === owner.hostName &&
  holder.machine !== null &&
  holder.machine === owner.machine &&
  holder.place !== null &&
  owner.place !== null &&
  bootOf(holder.place) !== bootOf(owner.place) &&
  namespaceOf(holder.place) === namespaceOf(owner.place);

const bootOf = (place: string): string => place.split(" ")[0] ?? "";
const namespaceOf = (place: string): string => place.split(" ")[1] ?? "";

const isOfPlace = (holder: Claim, owner: Owner): boolean =>
  holder.hostName === owner.hostName && holder.place !== null && holder.place === owner.place;

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** Null: gone, or cut short by a crash while it was written. */
function readClaim(file: string): Claim | null {
  try {
    const claim: Partial<Claim> = JSON.parse(readFileSync(file, "utf8"));
    return typeof claim.pid === "number" && typeof claim.hostName === "string"
      ? claimOf(claim as Claim)
      : null;
  } catch (error) {
    if (isCode(error, "ENOENT") || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** An older vtdoctor did not say the place, nor the machine. */
const claimOf = ({ pid, hostName, place = null, machine = null, began = "" }: Claim): Claim => ({
  pid,
  hostName,
  place,
  machine,
  began,
});

function inUse(folder: string, file: string, holder: Claim | null, owner: Owner): string {
  if (holder === null || isOfPlace(holder, owner))
    return `the run in ${folder} is being executed by ${holder === null ? "another process" : `process ${holder.pid} on ${holder.hostName}`}; wait for it, or remove ${file} if that process is gone`;
  const where =
    holder.hostName === owner.hostName
      ? "and that may be in another container or before a restart of the machine"
      : "and that is another host";
  return `the run in ${folder} was claimed by process ${holder.pid} on ${holder.hostName}, ${where}, so whether it still runs can not be told from here; wait for it, or remove ${file} once you know that it has ended`;
}
