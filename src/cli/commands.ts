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

const FIXING = {
  ...HOOKS,
  ...RETIRING,
  plan: { type: "string", group: "Writing", about: "execute this saved plan" },
  all: { type: "boolean", group: "Writing", about: "repair everything that was found", default: false },
  orphans: {
    type: "string",
    group: "Writing",
    about: "what to do with tablets of a shard that no cancel dropped",
    choices: ["restore", "retire", "leave"],
  },
  unsupervised: {
    type: "boolean",
    group: "Writing",
    about: "with --orphans retire: nothing starts the vttablets again, so they end themselves",
    default: false,
  },
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
} as const satisfies Record<string, Option>;

const DEMONSTRATING = {
  serve: {
    type: "boolean",
    group: "Connection",
    about: "break the simulated cluster and let another terminal repair it, on ports of this machine",
    default: false,
  },
  port: {
    type: "number",
    group: "Connection",
    about: "with --serve: count the ports from here (default: free ones)",
  },
} as const satisfies Record<string, Option>;

/** In the order in which `--help` shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: "scan",
    usage: "scan",
    about: "look at topology and tablets, say what is wrong; changes nothing",
    options: { ...LOOKING, ...SCANNING },
    load: () => import("./commands/scan.js"),
  },
  {
    name: "fix",
    usage: "fix [findings..]",
    about: "plan a repair, show it, and execute it",
    options: { ...REPAIRING, ...FIXING },
    load: () => import("./commands/fix.js"),
  },
  {
    name: "cancel",
    usage: "cancel <workflow>",
    about: "the corrected cancel of KEYSPACE.WORKFLOW, on any Vitess version",
    options: { ...REPAIRING, ...CANCELLING },
    load: () => import("./commands/cancel.js"),
  },
  {
    name: "resume",
    usage: "resume <run>",
    about: "go on with a run that was interrupted",
    options: {
      ...LOOKING,
      yes: CONSENT.yes,
      "lock-timeout": LIMITS["lock-timeout"],
      "run-dir": LIMITS["run-dir"],
    },
    load: () => import("./commands/resume.js"),
  },
  {
    name: "undo",
    usage: "undo <run>",
    about: "take a run back: tables, records, rules and denials, where they have a way back",
    options: FOLLOWING,
    load: () => import("./commands/undo.js"),
  },
  {
    name: "purge",
    usage: "purge <run>",
    about: "drop for good the tables that a run moved aside (asks for the keyspace's name)",
    options: FOLLOWING,
    load: () => import("./commands/purge.js"),
  },
  {
    name: "runs",
    usage: "runs [run]",
    about: "list the runs: who, when, what, result, what they hold; or tell one",
    options: { "run-dir": LIMITS["run-dir"], ...COMMON },
    load: () => import("./commands/runs.js"),
  },
  {
    name: "explain",
    usage: "explain <finding>",
    about: "the proof of a finding, or what a rule means",
    options: LOOKING,
    load: () => import("./commands/explain.js"),
  },
  {
    name: "query",
    usage: "query <sql>",
    about: "one SELECT over the snapshot, live or saved",
    options: LOOKING,
    load: () => import("./commands/query.js"),
  },
  {
    name: "rules",
    usage: "rules <action> [rule]",
    about: "list, show or test the rules",
    options: { rules: JUDGING.rules, ...COMMON },
    load: () => import("./commands/rules.js"),
  },
  {
    name: "demo",
    usage: "demo",
    about: "the whole story on a simulated cluster in this process",
    options: { ...DEMONSTRATING, quiet: COMMON.quiet, verbose: COMMON.verbose, color: COMMON.color },
    load: () => import("./commands/demo.js"),
  },
];
