import { type ScanInput, scanDocument } from "../../src/findings/document.js";
import type { Finding } from "../../src/findings/finding.js";

/** A finding with everything in it, of which a test changes what it is about. */
export const finding = (change: Partial<Finding> = {}): Finding => ({
  id: "shard-missing-live-tablets@customer/-80",
  rule: "shard-missing-live-tablets",
  title: "Tablets run for a shard that the topology does not have",
  severity: "critical",
  state: "confirmed",
  because: "its record was deleted at etcd revision 52",
  object: { keyspace: "customer", shard: "-80" },
  symptom:
    "2 tablets of customer/-80 and 1 active stream outlived the cancel by mysql@vtctld-1 at 2026-11-24T23:05:16Z",
  evidence: [
    {
      fact: "etcd has no Shard record of customer/-80",
      source: "/vitess/global/keyspaces/customer/shards/-80/Shard",
      at: "58",
      query: "SELECT * FROM shard WHERE keyspace = 'customer' AND shard = '-80'",
    },
    {
      fact: "zone1-0000000200 answers as PRIMARY of customer/-80",
      source: "live_tablet@127.0.0.1:16200",
      at: "1795561516000",
      query: "SELECT * FROM live_tablet WHERE address = '127.0.0.1:16200'",
    },
  ],
  causedBy: null,
  impact: "Nobody watches these tablets.",
  cause: "A cancel deleted the target shards before it looked for their tablets.",
  repair: {
    recipe: "orphan-shard",
    class: "confirm",
    command: "vtdoctor fix shard-missing-live-tablets@customer/-80",
    steps: ["stops the cancelled workflow's streams and puts the records back"],
  },
  firstSeen: 1_795_561_516_000,
  ...change,
});

export const STREAM = finding({
  id: "stream-on-unlisted-tablet@customer/-80/c2",
  rule: "stream-on-unlisted-tablet",
  title: "A workflow's stream runs on a tablet that the topology does not list",
  object: { keyspace: "customer", shard: "-80", workflow: "c2", source: "customer/0" },
  symptom:
    "workflow c2 still writes into customer/-80 from customer/0, at ...9bebc:1-31, last 3 s before the scan",
  causedBy: "shard-missing-live-tablets@customer/-80",
});

export const TABLET = finding({
  id: "tablet-record-missing-live-process@zone1-0000000201",
  rule: "tablet-record-missing-live-process",
  title: "A tablet runs that the topology does not list",
  severity: "warning",
  object: { alias: "zone1-0000000201", cell: "zone1", keyspace: "customer", shard: "-80" },
  symptom: "zone1-0000000201 runs as REPLICA of customer/-80, but has no Tablet record",
  causedBy: "shard-missing-live-tablets@customer/-80",
});

export const RESIDUE = finding({
  id: "cancelled-workflow-target-residue@orders/80-",
  rule: "cancelled-workflow-target-residue",
  title: "A shard serves nothing and no workflow uses it",
  severity: "info",
  state: "suspected",
  because: "seen once; scan again with --settle to tell it from a passing moment",
  object: { keyspace: "orders", shard: "80-" },
  symptom: "orders/80- is empty, serves nothing, and no workflow uses it; 0 serves its key range",
  repair: {
    recipe: null,
    class: "manual",
    command: "vtdoctor explain cancelled-workflow-target-residue@orders/80-",
    steps: ["if a Reshard is still to come: nothing"],
  },
});

export const LOST_CELL = {
  domain: "cell",
  subject: "zone2",
  reason: "timeout",
  message: "no answer in 5 s",
  required: true,
  rules: ["shard-never-had-primary", "tablet-record-missing-live-process"],
} as const;

export const scan = (change: Partial<ScanInput> = {}) =>
  scanDocument({
    version: "0.1.0",
    failOn: "warning",
    cluster: {
      globalServer: "etcd:2379",
      root: "/vitess/global",
      takenAt: 1_795_561_520_000,
      revisions: { "etcd:2379": 58 },
      historyHorizon: { "etcd:2379": 1 },
    },
    coverage: {
      seen: { cells: 2, keyspaces: 2, shards: 3, tablets: 4, streams: 2, tablesNotAsked: 0 },
      rules: { judged: 90, inPart: [], failed: [] },
      sources: [
        { source: "topology", addresses: 1 },
        { source: "history", addresses: 3 },
      ],
      unanswered: [],
    },
    findings: [],
    expired: [],
    ...change,
  });
