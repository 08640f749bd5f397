import {
  COMMON,
  CONNECTION,
  CONSENT,
  HOOKS,
  JUDGING,
  LIMITS,
  type Option,
  RETIRING,
  SCANNING,
  VTCTLD,
} from "../config/options.js";
import type { Command } from "./command.js";

const LOOKING = { ...CONNECTION, ...JUDGING, ...COMMON };
const REPAIRING = { ...LOOKING, ...CONSENT, ...LIMITS, ...VTCTLD };

/** `--purge` is for plans that would hold tables; these do not. */
const { purge: _purge, ...FOLLOWING } = REPAIRING;

/** How vttablets end whose shard leaves. */
const LEAVING = {
  unsupervised: {
    type: "boolean",
    group: "Writing",
    about: "of a shard that is retired nothing starts the vttablets again, so they end themselves",
    default: false,
  },
  ...RETIRING,
  ...HOOKS,
} as const satisfies Record<string, Option>;

const FIXING = {
  plan: { type: "string", value: "FILE", group: "Writing", about: "execute this saved plan" },
  all: { type: "boolean", group: "Writing", about: "repair everything that was found", default: false },
  orphans: {
    type: "string",
    value: "HOW",
    group: "Writing",
    about: "what to do with tablets of a shard that no cancel dropped",
    choices: ["restore", "retire", "leave"],
  },
  ...LEAVING,
} as const satisfies Record<string, Option>;

const CANCELLING = {
  "missing-ok": {
    type: "boolean",
    group: "Writing",
    about: "a workflow that is not there, and of which nothing is left, is no error",
    default: false,
  },
  "keep-data": { type: "boolean", group: "Writing", about: "leave the copied tables where they are" },
  "keep-routing-rules": {
    type: "boolean",
    group: "Writing",
    about: "leave the routing rules",
    default: false,
  },
  "restore-secondary-keys": {
    type: "boolean",
    group: "Writing",
    about: "with --keep-data: add the secondary keys that the copy had put off",
    default: false,
  },
  "retire-targets": {
    type: "boolean",
    group: "Writing",
    about: "of a Reshard, then end the vttablets of its target shards and take their records away",
    default: false,
  },
  ...LEAVING,
} as const satisfies Record<string, Option>;

const EXPLAINING = {
  "why-not": {
    type: "boolean",
    group: "Selection",
    about: "of a RULE and an OBJECT: what was looked at, and which condition of the rule is not met",
    default: false,
  },
} as const satisfies Record<string, Option>;

const TESTING_RULES = {
  timing: {
    type: "boolean",
    group: "Output",
    about: "of rules test: also the slowest rules, over their examples or over --snapshot",
    default: false,
  },
  snapshot: { ...JUDGING.snapshot, about: "with --timing: this saved snapshot" },
} as const satisfies Record<string, Option>;

const DEMONSTRATING = {
  serve: {
    type: "boolean",
    group: "Writing",
    about: "break the simulated cluster and let another terminal repair it, on ports of this machine",
    default: false,
  },
  port: {
    type: "number",
    group: "Writing",
    about: "with --serve: count the ports from here (default: free ones)",
  },
} as const satisfies Record<string, Option>;

/** In the order in which `--help` shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: "scan",
    usage: "scan",
    about: "look at topology and tablets, say what is wrong; changes nothing",
    examples: [
      ["vtdoctor scan", "what is wrong, with the next command of each finding"],
      ["vtdoctor scan --settle 0", "looks once; else it looks again after 30 s at what it suspects"],
      ["vtdoctor scan --format nagios --keyspace customer", "for a monitoring system"],
      [
        "vtdoctor scan --save-snapshot s.sqlite",
        "keeps what was seen, to be judged elsewhere with --snapshot",
      ],
    ],
    options: { ...LOOKING, ...SCANNING },
    load: () => import("./commands/scan.js"),
  },
  {
    name: "fix",
    usage: "fix [findings..]",
    about: "plan a repair, show it, and execute it",
    examples: [
      ["vtdoctor fix --all --dry-run", "the plan of everything that was found, and nothing else yet"],
      ["vtdoctor fix --all --dry-run --out plan.json", "and saves it"],
      ["vtdoctor fix --plan plan.json", "does exactly that"],
      [
        "vtdoctor fix retired-shard-still-running@customer/-80 --orphans retire",
        "a person deleted the shard: ends what still runs of it",
      ],
    ],
    options: { ...FIXING, ...REPAIRING },
    load: () => import("./commands/fix.js"),
  },
  {
    name: "cancel",
    usage: "cancel <workflow>",
    about: "the corrected cancel of KEYSPACE.WORKFLOW, on any Vitess version",
    examples: [
      ["vtdoctor cancel customer.c2 --dry-run", "the plan, and nothing else yet"],
      ["vtdoctor cancel customer.c2", "after a question; the copied tables are held"],
      ["vtdoctor cancel customer.c2 --keep-data --yes", "leaves the copied tables, and does not ask"],
      [
        "vtdoctor cancel customer.c2 --retire-targets --unsupervised",
        "and a Reshard's target shards leave, which nothing starts again; their MySQL servers stay",
      ],
    ],
    options: { ...CANCELLING, ...REPAIRING },
    load: () => import("./commands/cancel.js"),
  },
  {
    name: "resume",
    usage: "resume <run>",
    about: "go on with a run that was interrupted",
    examples: [
      ["vtdoctor resume 20261125t004501ab12cd34", "shows what is left, and asks"],
      ["vtdoctor resume 20261125t004501ab12cd34 --yes", "does not ask"],
    ],
    options: {
      ...LOOKING,
      yes: CONSENT.yes,
      "lock-timeout": LIMITS["lock-timeout"],
      "write-timeout": LIMITS["write-timeout"],
      "run-dir": LIMITS["run-dir"],
    },
    load: async () => ({ run: (await import("./commands/past-run.js")).resume }),
  },
  {
    name: "undo",
    usage: "undo <run>",
    about: "take a run back: tables, records, rules and denials, where they have a way back",
    examples: [
      ["vtdoctor undo 20261125t004501ab12cd34 --dry-run", "what would come back, and what can not"],
      ["vtdoctor undo 20261125t004501ab12cd34", "takes it back, after a question"],
    ],
    options: FOLLOWING,
    load: async () => ({ run: (await import("./commands/past-run.js")).undo }),
  },
  {
    name: "purge",
    usage: "purge <run>",
    about: "drop for good the tables that a run moved aside (asks for the keyspace's name)",
    examples: [
      ["vtdoctor purge 20261125t004501ab12cd34 --dry-run", "which tables would be dropped"],
      ["vtdoctor purge 20261125t004501ab12cd34 --confirm customer --yes", "drops them, and does not ask"],
    ],
    options: FOLLOWING,
    load: async () => ({ run: (await import("./commands/past-run.js")).purge }),
  },
  {
    name: "runs",
    usage: "runs [run]",
    about: "list the runs: who, when, what, result, what they hold; or tell one",
    examples: [
      ["vtdoctor runs", "every run: who, when, what, how it ended"],
      ["vtdoctor runs 20261125t004501ab12cd34", "one run as a story"],
    ],
    options: { "run-dir": LIMITS["run-dir"], ...COMMON },
    load: () => import("./commands/runs.js"),
  },
  {
    name: "explain",
    usage: "explain <finding> [object]",
    about: "the proof of a finding, what a rule means, or which drifts a log's message comes from",
    examples: [
      [
        "vtdoctor explain shard-missing-live-tablets@customer/-80",
        "every fact with its etcd key and revision",
      ],
      ["vtdoctor explain shard-missing-live-tablets", "what the rule means"],
      ['vtdoctor explain "Tablet record has disappeared"', "which drifts print that"],
      ["vtdoctor explain --why-not shard-missing-live-tablets customer/-80", "which condition is not met"],
    ],
    options: { ...LOOKING, ...EXPLAINING },
    load: () => import("./commands/explain.js"),
  },
  {
    name: "query",
    usage: "query <sql>",
    about: "one SELECT over the snapshot, live or saved",
    examples: [
      ['vtdoctor query "SELECT alias, workflow, state FROM stream"', "of the cluster"],
      ['vtdoctor query "SELECT * FROM meta" --snapshot s.sqlite --format json', "of a saved snapshot"],
    ],
    options: LOOKING,
    load: () => import("./commands/query.js"),
  },
  {
    name: "rules",
    usage: "rules <action> [rule]",
    about: "list, show or test the rules, or begin one",
    examples: [
      ["vtdoctor rules list", "all of them"],
      ["vtdoctor rules show topo-lock-stale", "one of them"],
      ["vtdoctor rules new my-first-rule", "begins one of your own, in my-rules"],
      ["vtdoctor rules test my-rules", "runs the examples of the rules in that folder"],
    ],
    options: { rules: JUDGING.rules, ...TESTING_RULES, ...COMMON },
    load: () => import("./commands/rules.js"),
  },
  {
    name: "demo",
    usage: "demo",
    about: "the whole story on a simulated cluster in this process",
    examples: [
      ["vtdoctor demo", "broken, found, planned, repaired and found clean, in ten seconds"],
      ["vtdoctor demo --serve", "keeps the broken cluster on ports of this machine, for another terminal"],
    ],
    options: { ...DEMONSTRATING, quiet: COMMON.quiet, verbose: COMMON.verbose, color: COMMON.color },
    load: () => import("./commands/demo.js"),
  },
];
