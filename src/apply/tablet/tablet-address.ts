import type { TabletRef } from "../../plan/fields.js";
import type { Step } from "../../plan/steps/index.js";
import { addressOfRecord, namesProcess } from "../../tablets/tablet-record.js";
import { decodeTablet } from "../../topology/records.js";
import { type Known, known, silent } from "../check.js";
import type { Ports } from "../ports.js";

/**
 * The tablet where its record says now that it runs: since the plan was made it may have moved, and its old address belong to somebody
 * else. A record that is gone or names no process leaves the planned address; who answers there is asked before each call.
 */
export async function readdressed(tablet: TabletRef, ports: Ports): Promise<Known<TabletRef>> {
  if (tablet.record === undefined) return known(tablet);
  const { server, key } = tablet.record;
  const got = await ports.store(server).get(key);
  if (got.kind === "unanswered") return silent(server, got);
  const record = got.value.entry === null ? null : decodeTablet(got.value.entry.value);
  if (record?.kind !== "answered" || !namesProcess(record.value)) return known(tablet);
  const address = addressOfRecord(record.value);
  const { host, grpcPort } = tablet.address;
  return known(host === address.host && grpcPort === address.grpcPort ? tablet : { ...tablet, address });
}

/** The step with its tablet where it is now. One that a step ends stays where it was: nothing may answer there any more. */
export async function readdressedStep<S extends Step>(step: S, ports: Ports): Promise<Known<S>> {
  if (step.kind === "tablet.stop") return known(step);
  if ("tablet" in step) {
    const tablet = await readdressed(step.tablet, ports);
    return tablet.kind === "known" ? known({ ...step, tablet: tablet.value }) : tablet;
  }
  return known(step);
}
