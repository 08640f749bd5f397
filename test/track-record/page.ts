import { readFileSync } from "node:fs";
import { parse } from "yaml";

const VERDICTS = {
  silent: "Healthy, and no finding.",
  handled: "Done right.",
  unknown: "Not found yet.",
  wrong: "Healthy, and found all the same.",
} as const;

/** A test file or a rule, and the name of the test or of the rule's example, as it stands in there. */
type Held = readonly [file: string, name: string];

/** What somebody reported of Vitess, and what vtdoctor says of that state. */
export interface Report {
  /** Issues and pull requests (`vitess#1`, `vitess PR 1`), or a link. */
  readonly of: readonly string[];
  readonly title: string;
  readonly state: string;
  /** Rules that find it. */
  readonly finds?: readonly string[];
  /** Where no rule does. `silent`: as it is healthy; `handled`: it does what was asked for; `unknown`: it does not know it;
   * `wrong`: it finds something all the same. */
  readonly verdict?: keyof typeof VERDICTS;
  readonly says: string;
  /** What it does not do, and why. */
  readonly open?: string;
  readonly held?: readonly Held[];
}

/** How vtdoctor 0.1.0 could hurt. */
export interface Harm {
  readonly id: string;
  readonly was: string;
  readonly now: string;
  readonly open?: string;
  readonly held: readonly Held[];
}

/** What is healthy for as long as it lasts. */
export interface Healthy {
  /** Rules that said something of it. */
  readonly rules: readonly string[];
  readonly situation: string;
  /** What is said of it now, where it is not silence. */
  readonly says?: string;
  readonly sim: readonly Held[];
  readonly lab?: readonly Held[];
  /** Why no real cluster plays it. */
  readonly no_lab?: string;
}

/** A line of the list behind the harms: what `cancel` is given, or what a scan missed. */
interface Line {
  readonly part: "cancel" | "missed";
  readonly title: string;
  readonly now: string;
  readonly open?: string;
  readonly held: readonly Held[];
}

const read = (name: string): unknown => parse(readFileSync(new URL(name, import.meta.url), "utf8"));

export const REPORTS = read("reports.yaml") as readonly Report[];
export const HARMS = read("harms.yaml") as readonly Harm[];
export const LINES = read("lines.yaml") as readonly Line[];

export const HEALTHY = read("healthy.yaml") as readonly Healthy[];

/** docs/track-record.md. */
export const trackRecord = (): string => `# The track record

What people who run Vitess reported in public, and what vtdoctor says of the state that each describes; then how vtdoctor 0.1.0 itself could hurt a
cluster, and what holds now. Written by \`npm run golden\` from \`test/track-record\`, whose test asks that every rule and every test named here exists.

## What was reported

${counted()}

${REPORTS.map(reportText).join("\n\n")}

## What vtdoctor 0.1.0 could do

Each was shown on a simulated or a real cluster; the numbers are those of the issue "First, do no harm".
What each step may still meet stands in [safety.md](safety.md).

${HARMS.map(harmText).join("\n\n")}

## What is healthy for as long as it lasts

States that vtdoctor 0.1.0 took for sick, or could have. Where nothing else is said, a scan is silent and its exit code 0: what it says is mere
information, or deferred to an operation. A path that serves nobody is found whatever the reason, since exit 0 means that the cluster serves; what was
done on purpose is silenced by a suppression until a day ([configuration.md](configuration.md#suppressions)).

${HEALTHY.map(healthyText).join("\n\n")}

## What \`cancel\` may be given

${linesOf("cancel")}

## What a scan of 0.1.0 missed

${linesOf("missed")}
`;

const linesOf = (wanted: Line["part"]): string =>
  LINES.filter(({ part }) => part === wanted)
    .map(({ title, now, open, held }) =>
      [`### ${capital(title)}`, "", `- **Now**: ${now.trim()}`, ...notDone(open), ...heldBy(held)].join("\n"),
    )
    .join("\n\n");

const counted = (): string => {
  const found = REPORTS.filter(({ finds = [] }) => finds.length > 0).length;
  const told = (verdict: Report["verdict"]) => REPORTS.filter((report) => report.verdict === verdict).length;
  return `Of ${REPORTS.length} states ${found} are found by rules, ${told("silent")} are healthy and must be no finding, ${told("handled")} are work that vtdoctor does, ${told("unknown")} it does not know yet, and of ${told("wrong")} it still says too much.`;
};

const reportText = ({ of, title, state, finds = [], verdict, says, open, held = [] }: Report): string =>
  [
    `### ${capital(title)}`,
    "",
    `Reported as ${of.map(reference).join(", ")}. ${state.trim()}`,
    "",
    `- **vtdoctor**: ${finds.length > 0 ? `${finds.map(ruleLink).join(", ")}. ` : verdict === undefined ? "" : `${VERDICTS[verdict]} `}${says.trim()}`,
    ...notDone(open),
    ...heldBy(held),
  ].join("\n");

const harmText = ({ id, was, now, open, held }: Harm): string =>
  [
    `### ${id}`,
    "",
    `${capital(was.trim())}.`,
    "",
    `- **Now**: ${now.trim()}`,
    ...notDone(open),
    ...heldBy(held),
  ].join("\n");

const healthyText = ({ rules, situation, says, sim, lab, no_lab }: Healthy): string =>
  [
    `- **${capital(situation.trim())}** (${rules.map(ruleLink).join(", ")}).${says === undefined ? "" : ` ${says.trim()}`}`,
    `  - Simulator: ${sim.map(heldText).join("; ")}`,
    `  - Real clusters: ${lab === undefined ? `none, as ${no_lab}` : lab.map(heldText).join("; ")}`,
  ].join("\n");

const notDone = (open: string | undefined): readonly string[] =>
  open === undefined ? [] : [`- **Not done**: ${open.trim()}`];

const heldBy = (held: readonly Held[]): readonly string[] =>
  held.length === 0 ? [] : [`- **Held by**: ${held.map(heldText).join("; ")}`];

const heldText = ([file, name]: Held): string => `[${file}](../${file}), "${name}"`;

const ruleLink = (id: string): string => `[${id}](rules/${id}.md)`;

const reference = (of: string): string => {
  if (of.startsWith("https://")) return `<${of}>`;
  const [, repository = "", kind = "", number = ""] = /^([\w-]+)(#| PR )(\d+)$/.exec(of) ?? [];
  const owner = repository === "vitess-operator" ? "planetscale" : "vitessio";
  const path = kind === "#" ? "issues" : "pull";
  return `[${of}](https://github.com/${owner}/${repository}/${path}/${number})`;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
