import { afterEach, describe, expect, it } from "vitest";
import { Doctor, type ScanDocument } from "./lab/doctor.js";
import { Lab, labMissing, sleep, TWO_CELLS } from "./lab/lab.js";
import { LONG } from "./lab/long.js";
import { createReshard, elect, reshardCluster, running } from "./lab/reshard.js";

const NAME = ["--workflow", "c2", "--target-keyspace", "customer"];
const SCANS = LONG ? 200 : 100;

/** S9: scans in a loop while an operator works; no confirmed finding that is not true. */
describe.skipIf(labMissing() !== null)("S9, healthy is silent", () => {
  let lab: Lab;
  afterEach(async () => lab.down());

  it(`${SCANS} scans from before create until after complete, and after a correct cancel`, {
    timeout: 1_800_000,
    retry: 0,
  }, async () => {
    lab = await Lab.up({ version: "24", cells: TWO_CELLS });
    const doctor = new Doctor(lab);
    const seen = new Map<string, string>();
    let scans = 0;
    let ended = false;
    const loop = (async () => {
      while (!ended) {
        // Each tenth as it is typed, with the second look that comes by itself; the others are looks of a moment.
        const document = await doctor.scan(...(scans % 10 === 9 ? [] : ["--settle", "0"]));
        scans++;
        note(document, seen);
      }
    })();
    await work(lab, doctor, () => scans);
    ended = true;
    await loop;
    expect(scans).toBeGreaterThanOrEqual(SCANS);
    expect([...seen.keys()].filter((id) => !TRUE_AT_THE_END.some((rule) => id.startsWith(rule)))).toEqual([]);
  });
});

/** What this operator's work really leaves: the source of a completed Reshard, the empty targets of a cancelled one, and what was held. */
const TRUE_AT_THE_END = [
  "retired-shard-still-running@",
  "cancelled-workflow-target-residue@",
  "held-data-left@",
];

function note(document: ScanDocument, seen: Map<string, string>): void {
  for (const finding of document.findings)
    if (finding.state === "confirmed") seen.set(finding.id, finding.symptom);
}

async function work(lab: Lab, doctor: Doctor, scans: () => number): Promise<void> {
  await reshardCluster(lab, { workflow: null });
  await Promise.all([
    lab.tablet(110, "customer", "0", "rdonly", "zone2"),
    lab.tablet(210, "customer", "-80", "rdonly", "zone2"),
  ]);
  await createReshard(lab, "customer", "c2", ["-80", "80-"]);
  await running(lab, [200, 300]);
  expect((await doctor.write("cancel", "customer.c2", "--yes")).code).toBe(0);
  await createReshard(lab, "customer", "c2", ["-80", "80-"]);
  await running(lab, [200, 300]);
  for (const uid of [201, 200]) {
    await elect(lab, "customer", "-80", uid);
    await sleep(3000);
  }
  await lab.stop("vttablet-201");
  await lab.startVttablet(201);
  await running(lab, [200, 300]);
  await lab.ctl("Reshard", ...NAME, "switchtraffic", "--tablet-types", "rdonly,replica");
  await lab.ctl("Reshard", ...NAME, "switchtraffic", "--tablet-types", "primary");
  await lab.ctl("Reshard", ...NAME, "reversetraffic");
  await lab.ctl("Reshard", ...NAME, "switchtraffic");
  await lab.ctl("Reshard", ...NAME, "complete");
  while (scans() < SCANS) await sleep(500);
}
