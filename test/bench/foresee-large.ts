import type { DraftStep } from "../../src/plan/draft.js";
import { srvKeyspaceKey } from "../../src/topology/paths.js";
import { largeFacts } from "./large-facts.js";
import { cellRoot } from "./shape.js";

/** Prints what it takes the compiled program to play a plan with so many looks at so many tablets, in milliseconds of CPU. */
const compiled = (module: string) => import(new URL(`../../../dist/${module}`, import.meta.url).href);
const { Snapshot }: typeof import("../../src/snapshot/snapshot.js") = await compiled("snapshot/snapshot.js");
const { play }: typeof import("../../src/plan/foresight/play.js") = await compiled("plan/foresight/play.js");

const [tablets = 0, looks = 0] = process.argv.slice(2).map(Number);
const snapshot = Snapshot.of(largeFacts(tablets));
const keyspace = "commerce_0";
const cell = "zone1";
const row = snapshot.facts().topo_key.find(({ key }) => key === srvKeyspaceKey(cellRoot(cell), keyspace));
if (row === undefined) throw new Error(`there is no SrvKeyspace of ${keyspace}`);
const value = Buffer.from(row.value).toString("base64");
/** The same record again: nothing changes, and it is looked at all the same. */
const step: DraftStep = {
  kind: "record.write",
  record: { kind: "srv-keyspace", cell, keyspace },
  ...{ server: row.server, key: row.key, modRevision: row.mod_revision, before: value, after: value },
};
const before = process.cpuUsage();
const played = play(
  snapshot,
  Array.from({ length: looks }, () => step),
  { judge: () => [], alarms: "refused" },
);
const { user, system } = process.cpuUsage(before);
if (played.kind !== "sound" || played.foreseen.looks !== looks)
  throw new Error(`a plan that changes nothing, but: ${JSON.stringify(played).slice(0, 1000)}`);
console.log(JSON.stringify({ cpuMs: (user + system) / 1000 }));
