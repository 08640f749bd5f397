import { linkSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { RefusedError } from "../../cluster/errors.js";
import { isCode, writeWhole } from "./disk.js";

/** The process that opens a run's folder, and how it finds out whether another one still runs. */
export interface Owner {
  readonly pid: number;
  readonly hostName: string;
  isAlive(pid: number): boolean;
}

interface Claim {
  readonly pid: number;
  readonly hostName: string;
}

/**
 * Makes `owner` the only executor in the folder by a file that exactly one process can create; returns what gives it up.
 * The file of a dead process on the same host is taken over; whether a process on another host lives can not be known, so its file refuses.
 */
export function claimFolder(folder: string, owner: Owner): () => void {
  const file = join(folder, "executor.lock");
  const own = join(folder, `executor.${owner.pid}.lock`);
  writeWhole(own, JSON.stringify({ pid: owner.pid, hostName: owner.hostName } satisfies Claim));
  try {
    if (!tryLink(own, file)) {
      const holder = readClaim(file);
      if (holder !== null && !isDead(holder, owner)) throw new RefusedError(inUse(folder, file, holder));
      moveDeadAside(file, holder, `${own}.dead`);
      if (!tryLink(own, file)) throw new RefusedError(inUse(folder, file, readClaim(file)));
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** Whether a process that may be alive has the folder; it is not claimed. */
export function isClaimed(folder: string, owner: Owner): boolean {
  const holder = readClaim(join(folder, "executor.lock"));
  return holder !== null && !isDead(holder, owner);
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
  if (moved !== null && (moved.pid !== dead?.pid || moved.hostName !== dead.hostName)) tryLink(aside, file);
  rmSync(aside, { force: true });
}

const isDead = (holder: Claim, owner: Owner): boolean =>
  holder.hostName === owner.hostName && !owner.isAlive(holder.pid);

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
      ? { pid: claim.pid, hostName: claim.hostName }
      : null;
  } catch (error) {
    if (isCode(error, "ENOENT") || error instanceof SyntaxError) return null;
    throw error;
  }
}

const inUse = (folder: string, file: string, holder: Claim | null): string =>
  `the run in ${folder} is being executed by ${holder === null ? "another process" : `process ${holder.pid} on ${holder.hostName}`}; wait for it, or remove ${file} if that process is gone`;
