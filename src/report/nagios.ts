import type { ScanDocument } from "../findings/document.js";
import type { Format, Report } from "./format.js";
import { storiesOf } from "./stories.js";
import { verdictWords } from "./summary.js";
import { printable } from "./text.js";

const STATUS = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;

/** The plugin's exit code. */
type Status = 0 | 1 | 2 | 3;

const UNKNOWN: Status = 3;

/** One line with performance data, then one line a finding (the Monitoring Plugins' guidelines). */
export const renderNagios = (document: ScanDocument): Report => {
  const code = nagiosCode(document);
  const first = `VTDOCTOR ${STATUS[code]}: ${escaped(headline(document))} | ${performance(document)}`;
  const stories = storiesOf(document.findings.filter(({ state }) => state !== "suppressed"));
  const more = stories.map(({ finding, parts }) => {
    const below = parts.length === 0 ? "" : ` (and ${parts.length} more that follow from it)`;
    return escaped(
      `${finding.severity} ${finding.state}: ${finding.symptom}${below}; next: ${finding.repair.command}`,
    );
  });
  const silent = document.coverage.unanswered
    .filter(({ required }) => required)
    .map(({ domain, subject, message }) => escaped(`not seen: ${domain} ${subject}: ${message}`));
  return { text: `${[first, ...more, ...silent].join("\n")}\n`, code };
};

/** The threshold (`--fail-on`) has decided whether anything counts; the worst confirmed severity says how much. */
const nagiosCode = ({ exit, summary }: ScanDocument): Status => {
  if (exit.name === "ok") return 0;
  if (exit.name !== "findings") return UNKNOWN;
  return summary.confirmed.critical > 0 ? 2 : 1;
};

const headline = (document: ScanDocument): string => {
  const [first] = document.exit.reasons;
  const words = verdictWords(document);
  return document.exit.name === "incomplete" && first !== undefined
    ? `${words}; incomplete: ${first}`
    : words;
};

const performance = ({ summary, coverage }: ScanDocument): string =>
  [
    ["critical", summary.confirmed.critical],
    ["warning", summary.confirmed.warning],
    ["info", summary.confirmed.info],
    ["suspected", summary.states.suspected],
    ["unknown", summary.states.unknown],
    ["suppressed", summary.states.suppressed],
    ["unanswered", coverage.unanswered.filter(({ required }) => required).length],
    ["tablets", coverage.seen.tablets],
    ["shards", coverage.seen.shards],
  ]
    .map(([label, value]) => `${label}=${value};;;0;`)
    .join(" ");

/** A pipe would begin performance data, a line break a new line. */
const escaped = (text: string): string => printable(text).replaceAll("|", "/");

/** A monitoring system reads stdout and the exit code, and shows the first line. */
export const nagios: Format = {
  name: "nagios",
  scan: renderNagios,
  failure: ({ exit: { reasons } }) => ({
    text: `VTDOCTOR ${STATUS[UNKNOWN]}: ${reasons.join(" ").split("\n")[0]?.replaceAll("|", "/")}\n`,
    code: UNKNOWN,
  }),
  noted: false,
};
