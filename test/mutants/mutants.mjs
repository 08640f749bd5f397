// What `npm run mutants` removes, one at a time: each guard of each step kind, each guard of the planner, and what a run asks besides.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Tests that should notice, the nearest first. */
const NEAR = {
  stream: ["apply/stream-steps", "apply/stopped-row", "apply/identity", "apply/ddl"],
  table: ["apply/table-steps", "apply/ddl", "apply/identity"],
  record: ["apply/record-steps", "apply/record-remove", "apply/serving-steps", "plan/clear-lock"],
  tablet: ["apply/record-steps", "apply/serving-steps", "apply/identity"],
};
const NEAR_RUN = ["apply/identity", "apply/journal-order", "harm/pause", "apply/record-steps"];
/** What changed between a plan, its run and a resume. */
const NEAR_SINCE = ["harm/deleted-keyspace", "cli/ghost-and-journal", "crash/resumed-late"];
const FAR = ["apply/", "harm/", "undo/", "cli/living-switch", "cli/outage"];
const CRASH = ["crash/contested", "crash/resumed-late"];
const PLAN = ["plan/", "harm/", "undo/", "cli/ghost-and-journal", "cli/whose-deletion", "cli/left-alone"];

/** The nearest to a file of the planner, by a part of its path. */
const NEAR_PLAN = {
  "cancel/types": ["plan/retire-targets"],
  "dropped/returned": ["plan/returned-shard"],
  dropped: ["plan/orphan-shard", "plan/orphan-world", "plan/returned-shard", "plan/retire-targets"],
  "guards/keyspace-restore": ["harm/deleted-keyspace"],
  "guards/lost-sources": ["harm/pruned-source"],
  "guards/journals": ["plan/serving", "cli/ghost-and-journal"],
  "guards/poorer": ["harm/vschema", "harm/rebuild"],
  "guards/moved-traffic": ["plan/serving", "harm/reads", "plan/orphan-rules"],
  "guards/rule": ["plan/orphan-rules"],
  "recipes/source": ["plan/record-repairs"],
  "recipes/migration": ["plan/migration-stream"],
  "recipes/name-primary": ["plan/record-repairs"],
  "recipes/dead-tablet": ["plan/record-repairs"],
  "guards/": ["plan/serving", "harm/routes", "harm/reads"],
  "clear-lock": ["plan/clear-lock"],
  "cancel/": ["plan/cancel", "harm/cancel", "plan/switched"],
  "undo/": ["undo/too-late", "undo/records"],
};
const nearestOf = (path) =>
  Object.entries(NEAR_PLAN).find(([part]) => path.includes(part))?.[1] ?? ["plan/file"];

const familyOf = (kind) => {
  if (/^(stream|row|ghost|vdiff|journal)\./.test(kind)) return "stream";
  if (/^(table|hold|keys)\./.test(kind)) return "table";
  return /^(record|srvvschema|lock)\./.test(kind) ? "record" : "tablet";
};

/** Where the code is that runs as part of a step of one kind. */
const within = (kind) => `globalThis.__stepKind?.getStore() === ${JSON.stringify(kind)}`;

const REGISTRY = "src/apply/steps/registry.ts";

/**
 * Guards that a step asks for a second time, between its check and its effect: without that the first would be missed by nobody. `find`
 * stands in the runner's file.
 */
const AGAIN = {
  "record.write.unchanged": ["records", "const stop = movedOn(step, entry);", "const stop = null;"],
  "record.remove.ours": ["records", "foreign(step, entry) ??\n", ""],
  "record.remove.ended": ["records", "(await notEnded(step.ended, context)) ??\n", ""],
  "record.remove.process": ["records", "(await anotherRuns(step, context)) ??\n", ""],
  "lock.clear.sameLock": ["records", "const stop = anotherLock(step, seen.value);", "const stop = null;"],
  "row.clear.noPrimary": ["stream-removal", "?? (await elected(step, context));", ";"],
  "tablet.restore.noOther": ["tablet-restore", "otherProcess(step, seen.value) ??\n", ""],
  "tablet.restore.listable": ["tablet-restore", 'if (listing.kind === "refused") return listing;', ""],
  "tablet.restore.ownWords": [
    "tablet-restore",
    /\(await unlikeItself\(step, seen\.value, context\)\)/,
    "null",
  ],
  "shard.await-primary.noOther": ["shards", "? another(step, seen.value) : seen;", "? null : seen;"],
  "tablet.stop.noRecord": [
    "tablets",
    /\(await recorded\(step, context\)\) \?\? \(await notOurs/,
    "(await notOurs",
  ],
};

const stepMutant = (kind, guard) => {
  const id = `${kind}.${guard}`;
  const name = JSON.stringify(guard);
  const patches = [
    {
      file: "src/apply/step-runner.ts",
      find: "(await guards[name]?.(step, seen.value, context)) ?? null;",
      put: `step.kind === ${JSON.stringify(kind)} && name === ${name} ? null : ((await guards[name]?.(step, seen.value, context)) ?? null);`,
    },
  ];
  if (guard === "tablet" || guard === "process")
    patches.push(...inKind(), {
      file: "src/apply/tablet/identity.ts",
      find: /(export async function differsFrom\([^{]*\{)/,
      put: `$1 if (${within(kind)}) return null;`,
    });
  if (guard === "noStream")
    patches.push(...inKind(), {
      file: "src/apply/streams/idle.ts",
      find: "if (idle === undefined)",
      put: `if (idle === undefined || ${within(kind)})`,
    });
  if (guard === "unused")
    patches.push(...inKind(), {
      file: "src/apply/mysql/ddl.ts",
      find: "(await heldTables(ddl, context))",
      put: `(${within(kind)} ? null : await heldTables(ddl, context))`,
    });
  if (id in AGAIN) {
    const [file, find, put] = AGAIN[id];
    patches.push({ file: `src/apply/steps/${file}.ts`, find, put });
  }
  return { id, patches, tests: [["apply/guards"], NEAR[familyOf(kind)], FAR, CRASH], near: 2 };
};

/** Every call of a runner knows of which kind its step is. */
const inKind = () => [
  {
    file: REGISTRY,
    find: "const runner: StepRunner<K> = RUNNERS[kind];",
    put: "const runner: StepRunner<K> = inKind(kind, RUNNERS[kind]);",
  },
  {
    file: REGISTRY,
    find: /^/,
    put: `import { AsyncLocalStorage } from "node:async_hooks";
globalThis.__stepKind ??= new AsyncLocalStorage();
const inKind = (kind, runner) => Object.fromEntries(Object.entries(runner).map(([name, method]) =>
  [name, method === null ? null : (...given) => globalThis.__stepKind.run(kind, () => method.apply(runner, given))]));
`,
  },
];

const planGuards = () =>
  readdirSync(join(root, "src/plan"), { recursive: true })
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => `src/plan/${path}`)
    .flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/const (\w+): Guard</g)].map(([, name]) => ({
        id: `${file.slice("src/".length, -".ts".length)}: ${name}`,
        patches: [{ file, name, value: "[]" }],
        tests: [nearestOf(file), PLAN],
      })),
    );

/** What stands in no list of guards: file, function, what it says where it finds nothing. */
const OTHERS = [
  ["plan/guards/poorer-vschema", "poorerVSchemas", "[]"],
  ["plan/cancel/forbidden", "wrongWay", "[]"],
  ["plan/cancel/forbidden", "unsupported", "[]"],
  ["plan/cancel/forbidden", "patterns", "[]"],
  ["plan/cancel/switched", "switched", "[]"],
  ["plan/cancel/environment", "environment", "[]"],
  ["plan/cancel/table-sets", "dataRefusals", "[]"],
  ["plan/undo/harm", "deadEnd", "null"],
  ["plan/undo/harm", "deniedInUse", "null"],
  ["plan/undo/harm", "shardGone", "null"],
  ["apply/premises", "movedKey", "null"],
  ["apply/premises", "movedRows", "null"],
  ["apply/preconditions", "proveCluster", "null"],
  ["apply/preconditions", "refuseExpired", "null"],
  ["apply/preconditions", "refuseExpiredResume", "null"],
  ["apply/steps/stream-stops", "startedSince", "null"],
  ["apply/tablet/tablet-guard", "deposed", "null"],
];

const otherGuards = () =>
  OTHERS.map(([file, name, value]) => ({
    id: `${file}: ${name}`,
    patches: [{ file: `src/${file}.ts`, name, value }],
    ...(file.startsWith("plan/")
      ? { tests: [nearestOf(file), PLAN] }
      : { tests: [NEAR_RUN, NEAR_SINCE, FAR, CRASH], near: 2 }),
  }));

/** What a run does with a look between its stages: name, file, text, what stands there instead. */
const LOOKS = [
  ["worse stops", "apply/plan-execution", 'if (verdict === "worse") throw', "if (verdict === null) throw"],
  [
    "unseen stops",
    "plan/foresight/looked",
    "(isUnseen ? found.unseen : found.worse)",
    "(isUnseen ? found.elsewhere : found.worse)",
  ],
  [
    "a resume looks at what was",
    "apply/plan-execution",
    "look.before(this.folder.keptPaths())",
    "look.before(null)",
  ],
  ["it waits", "cli/relook", "[1_000, 2_000, 4_000, 8_000, 15_000]", "[]"],
  ["elsewhere is told", "plan/foresight/looked", "is.about.some((shard) => touched.hasShard(shard))", "true"],
  [
    "names end on purpose",
    "plan/foresight/looked",
    "return touched.names.has(name) && (kind",
    "return false && (kind",
  ],
];

/** What refuses a plan by what is foreseen of it: name, file, text, what stands there instead. */
const FORESEEN = [
  ["a lost path", "play", 'change.kind === "lost" && names.length > 0', "names.length < 0"],
  ["a table that is no copy", "play", "copies.unproven(step, table)", "null"],
  [
    "a place that is not proven",
    "play",
    "proven.has(name.name) ? null : copies.unfit(change, name, now)",
    "null",
  ],
  ["what the rules say at the end", "play", "newAlarms(snapshot, world, end.judge)", "[]"],
  [
    "what tablets still deny",
    "play",
    "deriveRouting(world.facts, world.heeded, remember)",
    "deriveRouting(world.facts, [], remember)",
  ],
  [
    "a route asks for consent",
    "sound",
    'played.routing.has(at) ? { ...step, class: "confirm" } : step',
    "step",
  ],
  ["reads: a copy that has not ended", "copies", "copying !== undefined", "copying === null"],
  ["reads: nothing feeds it", "copies", "return unfed === undefined", "return unfed !== null"],
  ["writes: nobody saw the table", "copies", 'is.verdict !== "served"', 'is.verdict === ""'],
  ["writes: a copy before its switch", "copies", "forward !== undefined", "forward === null"],
  ["writes: it is still written", "copies", "fed !== undefined", "fed === null"],
  ["writes: a switch took them from there", "copies", "left !== undefined", "left === null"],
  ["writes: they are taken elsewhere", "copies", "return isOpen(was) ||", "return"],
  ["writes: they may be taken elsewhere", "copies", '|| was.verdict === "unknown"', ""],
  ["a frozen stream's table", "copies", "stream.frozen === 1", "stream.frozen === 2"],
  [
    "a reverse stream's table",
    "copies",
    "if (stream.workflow.endsWith(REVERSE))\n",
    "if (stream.workflow === REVERSE)\n",
  ],
  ["its source is not served", "copies", "if (!serving) {", "if (serving === null) {"],
  ["queries lead to the copy", "copies", "return led.length === 0", "return led.length >= 0"],
];

/** What keeps one thing from being taken for another: name, file, text, what stands there instead, and the tests that should notice. */
const MISTAKEN = [
  [
    "the streams of another vttablet on its MySQL server",
    "snapshot/derive/shared-mysql",
    "there.size < 2",
    "there.size >= 0",
    ["harm/shared-mysql"],
  ],
  [
    "the hold of another database on its MySQL server",
    "plan/steps/tables",
    'database === 0 ? ""',
    'database >= 0 ? ""',
    ["harm/shared-mysql"],
  ],
  [
    "another run's hold",
    "plan/unbelieved",
    "own !== undefined && isHoldSchemaOf(own, step.holdSchema)",
    "own !== null",
    ["cli/plan-file"],
  ],
  [
    "a hold whose name only begins like the run's",
    "plan/steps/tables",
    "/^(_([2-9]|[1-9]\\d+))?$/.test(",
    "/^/.test(",
    ["cli/plan-file"],
  ],
  ["a key of somebody else", "plan/unbelieved", "stray !== undefined", "stray === null", ["cli/plan-file"]],
  [
    "the consent that a file asks for",
    "plan/unbelieved",
    'step.class === "confirm" ? step.class : classOf(step)',
    "step.class",
    ["cli/plan-file"],
  ],
  [
    "the loss that a file names",
    "plan/unbelieved",
    "destroys: destroysOf(step)",
    "destroys: step.destroys",
    ["cli/plan-file"],
  ],
  [
    "another root of a cell for no shards",
    "snapshot/derive/global-records",
    "&& !isSamePlace(earlier.value, record)",
    "&& false",
    ["cli/outage"],
  ],
  [
    "a CellInfo that was only written again for another root",
    "snapshot/derive/global-records",
    "&& !isSamePlace(earlier.value, record)",
    "",
    ["snapshot/", "harm/healthy", "cli/"],
  ],
  [
    "a record that was made anew",
    "plan/facts/cluster",
    "differing.length === 0 ||",
    "differing.length >= 0 ||",
    ["undo/too-late", "collect/clone"],
  ],
  [
    "a clone of the cluster",
    "plan/facts/cluster",
    "if (key === null) return null;",
    "if (key !== 0) return null;",
    ["plan/file"],
  ],
  [
    "a restart for an end",
    "apply/tablet/ended",
    "if (untold.length > 0) await clock",
    "if (untold.length > 0) return null; await clock",
    ["apply/record-remove", "apply/stream-steps"],
  ],
  [
    "a dead port-forward for an end",
    "apply/tablet/ended",
    "if (tablet.record === undefined)",
    "if (tablet.record === null)",
    ["apply/record-remove", "apply/stream-steps"],
  ],
  [
    "a stream of the name for one of the plan's",
    "apply/steps/stream-stops",
    / and id in \([^)]*\)\}\)/,
    "",
    ["apply/between"],
  ],
  [
    "a frozen stream for a running one",
    "apply/steps/stream-stops",
    / and not message <=> '[^']*'/,
    "",
    ["apply/between"],
  ],
  [
    "a stream that was made meanwhile for one of the plan's",
    "apply/steps/stream-removal",
    "gone > known",
    "gone < 0",
    ["apply/between"],
  ],
  [
    "a younger journal for the plan's",
    "apply/steps/stream-leftovers",
    / and val=\$\{[^}]*\}/,
    "",
    ["apply/between"],
  ],
];

/** Guards that are a text in a file of a folder of `src`. */
const inText = (guards, folder, tests) =>
  guards.map(([name, file, find, put]) => ({
    id: `${folder}${file}: ${name}`,
    patches: [{ file: `src/${folder}${file}.ts`, find, put }],
    tests,
  }));

/** What CI tries of it, of each family one or two: under a minute. `npm run soak` tries all. */
export const HANDFUL = [
  "plan/foresight/play: a lost path",
  "plan/foresight/copies: writes: a switch took them from there",
  "plan/guards/cell-routes: unprovenMove",
  "plan/dropped/returned-obstacles: silentTablets",
  "plan/unbelieved: a key of somebody else",
  "tablet.stop.noRecord",
  "apply/preconditions: proveCluster",
  "apply/tablet/ended: a restart for an end",
  "apply/steps/stream-stops: a frozen stream for a running one",
];

/** `KINDS` of `src/plan/steps`. */
export const mutantsOf = (kinds) => [
  ...Object.entries(kinds).flatMap(([kind, { guards }]) =>
    Object.keys(guards).map((guard) => stepMutant(kind, guard)),
  ),
  ...planGuards(),
  ...otherGuards(),
  ...inText(LOOKS, "", [["cli/relook"]]),
  ...inText(FORESEEN, "plan/foresight/", [["foresight/"], PLAN]),
  ...MISTAKEN.flatMap(([name, file, find, put, tests]) => inText([[name, file, find, put]], "", [tests])),
];

/**
 * A function that is named finds nothing any more: the one that does stays, and nobody calls it. Throws where the source has not what the patch is about: a guard that was renamed must not
 * count as killed.
 */
export const patched = (source, patch) => {
  if (patch.name === undefined) {
    const text = source.replace(patch.find, patch.put);
    if (text === source) throw new Error(`${patch.file} has no ${patch.find}`);
    return text;
  }
  const { name, value, file } = patch;
  const found = new RegExp(`(export )?(const|async function|function) ${name}\\b`).exec(source);
  if (found === null) throw new Error(`${file} has no ${name}`);
  const [head, exported = "", word] = found;
  const empty = `${exported}const ${name} = (): any => ${value};\n`;
  return source.replace(head, `${empty}${word} ${name}__removed`);
};
