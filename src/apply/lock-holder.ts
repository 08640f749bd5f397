import { parseLockBody } from "../topology/lock-body.js";
import type { Entry } from "../topology/store.js";

/** Who holds a Vitess lock, in the words of its body; empty where the body does not say. */
export interface LockHolder {
  readonly key: string;
  readonly action: string;
  readonly hostName: string;
  readonly userName: string;
  readonly time: string;
}

export const describeHolder = (holder: LockHolder): string =>
  [
    holder.action === "" ? "an operation that does not name itself" : holder.action,
    holder.userName === "" && holder.hostName === "" ? "" : `by ${holder.userName}@${holder.hostName}`,
    holder.time === "" ? "" : `since ${holder.time}`,
    `(${holder.key})`,
  ]
    .filter((part) => part !== "")
    .join(" ");

/** A body that nobody can read still names its key. */
export function holderOf(entry: Entry): LockHolder {
  const body = parseLockBody(entry.value);
  if (body.kind === "unanswered") return { key: entry.key, action: "", hostName: "", userName: "", time: "" };
  const { action, hostName, userName, time } = body.value;
  return { key: entry.key, action, hostName, userName, time: new Date(time).toISOString() };
}
