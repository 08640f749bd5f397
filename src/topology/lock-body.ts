import { answered, type Outcome, unanswered } from "../cluster/outcome.js";

/** Who holds a lock and what for (go/vt/topo/locks.go `newLock`, `ToJSON`; docs/vitess.md#lock-protocol). */
export interface LockBody {
  readonly action: string;
  readonly hostName: string;
  readonly userName: string;
  /** Unix milliseconds at which it was asked for. */
  readonly time: number;
}

/** The same bytes as vtctld would write, Options included (v21 and later). */
export const formatLockBody = (body: LockBody): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(
      {
        Action: body.action,
        HostName: body.hostName,
        UserName: body.userName,
        Time: `${new Date(body.time).toISOString().slice(0, 19)}Z`,
        Options: {},
        Status: "Running",
      },
      null,
      2,
    ),
  );

/** Fields that are missing are empty, and other fields are ignored: nobody but people reads the text. Without a time it is no lock. */
export function parseLockBody(bytes: Uint8Array): Outcome<LockBody> {
  const text = new TextDecoder().decode(bytes);
  try {
    const body: unknown = JSON.parse(text);
    const time = Date.parse(textOf(body, "Time"));
    if (Number.isNaN(time)) return unanswered("failed", `no time in the lock ${text}`);
    return answered({
      action: textOf(body, "Action"),
      hostName: textOf(body, "HostName"),
      userName: textOf(body, "UserName"),
      time,
    });
  } catch (error) {
    if (error instanceof SyntaxError) return unanswered("failed", `not the JSON of a lock: ${text}`);
    throw error;
  }
}

function textOf(body: unknown, field: string): string {
  const value =
    typeof body === "object" && body !== null && field in body ? Reflect.get(body, field) : undefined;
  return typeof value === "string" ? value : "";
}
