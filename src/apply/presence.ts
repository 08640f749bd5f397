import type { TabletRef } from "../plan/refs.js";
import type { TabletReader } from "../tablets/access.js";

/** Whether nothing listens at the tablet's address. Only a refused connection proves that; silence may be a host that is busy. */
export async function isClosed(tablet: TabletRef, reader: TabletReader): Promise<boolean> {
  const identity = await reader.identity(tablet.address);
  return (
    identity.kind === "unanswered" &&
    identity.reason === "unreachable" &&
    // A name with several addresses says what each of them did.
    identity.message.split("; ").every((each) => each.includes("ECONNREFUSED"))
  );
}
