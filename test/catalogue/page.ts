import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Drift } from "../../src/findings/drift.js";
import type { Example, Rule } from "../../src/rules/rule.js";

/** A test file, and the name of a test or scene as it stands in there. */
type Held = readonly [file: string, name: string];

/** Where real clusters came into a drift. */
interface Proof {
  readonly found?: readonly Held[];
  /** Found too. */
  readonly repaired?: readonly Held[];
}

/** By drift. */
export const PROOFS = parse(readFileSync(new URL("proofs.yaml", import.meta.url), "utf8")) as Readonly<
  Record<string, Proof>
>;

/** docs/catalogue.md. */
export const cataloguePage = (catalogue: readonly Drift[], rules: readonly Rule[]): string => {
  const entries = catalogue.map((drift) => entryOf(drift, rules));
  return `# The catalogue of drifts

What can come apart in a Vitess cluster between its records and what really runs: who finds it, in which states that was tried, and how it is repaired.
Written by \`npm run catalogue\` from \`rules/catalogue.yaml\`, the rules with their examples, and \`test/catalogue/proofs.yaml\`, whose test asks that every
test named here exists. A severity is that of the worst case; a finding's is in its rule.

${summary(entries)}

${FAMILIES.map(
  ([letter, title]) =>
    `## ${letter}. ${title}\n\n${entries
      .filter(({ drift }) => drift.id.startsWith(letter))
      .map(text)
      .join("\n\n")}`,
).join("\n\n")}
`;
};

const FAMILIES = [
  ["A", "Records and the tablets that run"],
  ["B", "Primaries and replication"],
  ["C", "The serving graph"],
  ["D", "Routing rules and denied tables"],
  ["E", "Streams"],
  ["F", "VDiff"],
  ["G", "Online DDL and table garbage"],
  ["H", "Schema and VSchema"],
  ["I", "Cells"],
  ["J", "Locks"],
  ["K", "Transactions, sidecar, versions, backups, vtgates"],
] as const;

interface Entry {
  readonly drift: Drift;
  readonly rules: readonly Rule[];
  readonly proof: Proof;
  /** Recordings that are sick as they were recorded. */
  readonly recorded: readonly string[];
  /** Recordings that an example changes until they are sick. */
  readonly changed: readonly string[];
  /** Sick examples of rows alone. */
  readonly made: number;
  readonly recipes: readonly string[];
}

const entryOf = (drift: Drift, all: readonly Rule[]): Entry => {
  const rules = all.filter(({ drifts }) => drifts.includes(drift.id));
  const sick = rules.flatMap(({ examples }) => examples.sick);
  const recordings = (wanted: (example: Example) => boolean): readonly string[] =>
    [
      ...new Set(sick.flatMap((one) => (one.recording !== undefined && wanted(one) ? [one.recording] : []))),
    ].toSorted();
  const recorded = recordings((one) => !isChanged(one));
  return {
    drift,
    rules,
    proof: PROOFS[drift.id] ?? {},
    recorded,
    changed: recordings(isChanged).filter((name) => !recorded.includes(name)),
    made: sick.filter(({ recording }) => recording === undefined).length,
    recipes: [...new Set(rules.flatMap(recipesOf))].toSorted(),
  };
};

const isChanged = ({ rows, sql }: Example): boolean => rows !== undefined || sql !== undefined;

const recipesOf = ({ repair, variants = [] }: Rule): readonly string[] =>
  [repair, ...variants.map((variant) => variant.repair)].flatMap((one) => one?.recipe ?? []);

const summary = (entries: readonly Entry[]): string => {
  const found = entries.filter(({ rules }) => rules.length > 0);
  const real = found.filter((entry) => labOf(entry).length > 0 || entry.recorded.length > 0);
  const run = found.filter(({ proof }) => (proof.repaired ?? []).length > 0);
  const undecided = entries.filter(({ drift }) => drift.not_decidable !== undefined);
  const open = entries.length - found.length - undecided.length;
  return [
    `| | drifts |`,
    `|---|---|`,
    `| in the catalogue | ${entries.length} |`,
    `| found by a rule | ${found.length} |`,
    `| not decidable from outside | ${undecided.length} |`,
    `| not found yet | ${open} |`,
    `| found on a real cluster, in the lab or as it was recorded | ${real.length} |`,
    `| found on a recording of a real cluster that was changed, and not on one as it is | ${found.filter((entry) => !real.includes(entry) && entry.changed.length > 0).length} |`,
    `| repaired by \`vtdoctor fix\`, in some case at least | ${found.filter(({ recipes }) => recipes.length > 0).length} |`,
    `| whose printed repair was run on a real cluster | ${run.length} |`,
  ].join("\n");
};

const labOf = ({ proof: { found = [], repaired = [] } }: Entry): readonly Held[] => [...found, ...repaired];

const text = (entry: Entry): string => {
  const { drift, rules } = entry;
  return [
    `### ${drift.id} \`${drift.name}\``,
    `${drift.title}. **${drift.severity}**; repair: ${drift.repair}.`,
    [
      ...(rules.length > 0 ? [`- Found by ${rules.map(ruleLink).join(", ")}`] : notFound(drift)),
      ...(rules.length > 0 ? tried(entry) : []),
    ].join("\n"),
  ].join("\n\n");
};

const notFound = ({ not_decidable }: Drift): readonly string[] =>
  not_decidable === undefined
    ? ["- Not found yet"]
    : [`- Not decidable from outside: ${not_decidable.why}`, `- It would need ${not_decidable.needs}`];

const tried = (entry: Entry): readonly string[] => {
  const { recorded, changed, made, recipes, rules, proof } = entry;
  const repaired = proof.repaired ?? [];
  return [
    line("Lab", labOf(entry).map(heldText)),
    line("Recorded", recorded.map(recordingLink)),
    line("Recorded, and changed", changed.map(recordingLink)),
    made === 0 ? "" : `- Simulated: ${made} ${made === 1 ? "example" : "examples"}`,
    `- Repair: ${recipes.length > 0 ? `\`vtdoctor fix\` (${recipes.join(", ")})` : `by hand, as ${rules.length === 1 ? "the rule says" : "the rules say"}`}${repaired.length > 0 ? "; run in the lab, and the next scan found nothing" : "; not run in the lab"}`,
  ].filter((one) => one !== "");
};

const line = (name: string, items: readonly string[]): string =>
  items.length === 0 ? "" : `- ${name}: ${items.join("; ")}`;

const ruleLink = ({ id, severity }: Rule): string => `[${id}](rules/${id}.md) (${severity})`;

const heldText = ([file, name]: Held): string => `[${file}](../${file}), "${name}"`;

const recordingLink = (name: string): string => `[${name}](../fixtures/recordings/${name})`;
