import { nothingListens } from "../../cluster/closed-ports.js";
import type { TabletRef } from "../../plan/fields.js";
import type { TabletReader } from "../../tablets/access.js";
import { type Refused, refused, type Silent, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { intentsIn } from "../runs/journal.js";
import { nameOf } from "./identity.js";

/** Null: nothing listens at the tablet's ports. One whose HTTP port nobody knows has the gRPC port alone. */
export async function stillListens(
  tablet: TabletRef,
  reader: TabletReader,
): Promise<Refused | Silent | null> {
  const { address } = tablet;
  const grpc = await reader.identity(address);
  if (grpc.kind === "answered") return refused(`${nameOf(tablet)} has not ended, or runs again`);
  const http = address.httpPort === 0 ? grpc : await reader.vars(address);
  if (http.kind === "answered")
    return refused(`${nameOf(tablet)} has not ended: its HTTP port answers, and only its gRPC port does not`);
  return nothingListens(grpc, http) ? null : silent(nameOf(tablet), grpc);
}

/** From a start's first record to its last (docs/vitess.md#tablet-start): a vttablet that is restarted listens again by then. */
export const START_MS = 10_000;

/**
 * Null: every one of them has ended. That nothing listens proves it of a process that this run has told to end, where it had answered. Of
 * another it takes the tablet's own address, by its record (behind an inventory's override a dead port-forward refuses as well), and a
 * second look, as a restart refuses for a while.
 */
export async function notEnded(
  tablets: readonly TabletRef[],
  context: RunContext,
): Promise<Refused | Silent | null> {
  const { reader, clock } = context.ports;
  for (const tablet of tablets) {
    const listens = await stillListens(tablet, reader);
    if (listens !== null) return listens;
  }
  const untold = tablets.filter((tablet) => !wasTold(tablet, context));
  for (const tablet of untold) {
    if (tablet.record === undefined)
      return refused(
        `nobody listens where ${nameOf(tablet)} was, which is not the address of its Tablet record, and this run has not ended it`,
      );
  }
  if (untold.length > 0) await clock.sleep(START_MS, context.signal);
  for (const tablet of untold) {
    const listens = await stillListens(tablet, reader);
    if (listens !== null) return listens;
  }
  return null;
}

const wasTold = ({ alias }: TabletRef, { plan, folder }: RunContext): boolean => {
  const begun = intentsIn(folder.records());
  return plan.stages
    .flatMap(({ steps }) => steps)
    .some((step) => step.kind === "tablet.stop" && step.tablet.alias === alias && begun.has(step.id));
};
