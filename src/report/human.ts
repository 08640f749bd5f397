import Table from "cli-table3";
import type { UnansweredSource } from "../findings/coverage.js";
import type { ScanDocument } from "../findings/document.js";
import type { Finding } from "../findings/finding.js";
import { type Story, storiesOf } from "./stories.js";
import { type Paint, paintWith, type Style } from "./style.js";
import { summaryLine } from "./summary.js";
import { counted, momentOf, printable, wrapped } from "./text.js";

/** A scan for a person: each story with its next command, what was not seen, and the summary last. */
export const renderHuman = (document: ScanDocument, style: Style): string => {
  const paint = paintWith(style);
  const shown = style.verbose
    ? document.findings
    : document.findings.filter(({ state }) => state !== "suppressed");
  const stories = storiesOf(shown);
  const widths = columnWidths(stories, style.width);
  const sections = [
    ...(stories.length === 0 ? [] : [heading(widths, paint)]),
    ...stories.map((story) => renderStory(story, widths, style, paint)),
    notSeen(document.coverage.unanswered, style, paint),
    expired(document, style, paint),
    together(stories, paint),
    paint.strong(summaryLine(document)),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
};

interface Line {
  readonly finding: Finding;
  readonly depth: number;
}

const linesOf = (story: Story, depth = 0): readonly Line[] => [
  { finding: story.finding, depth },
  ...story.parts.flatMap((part) => linesOf(part, depth + 1)),
];

const objectOf = ({ finding, depth }: Line): string =>
  `${"  ".repeat(Math.max(0, depth - 1))}${depth === 0 ? "" : "- "}${printable(finding.id.slice(finding.id.indexOf("@") + 1))}`;

const severityOf = ({ finding }: Line): string =>
  finding.state === "confirmed" ? finding.severity : `${finding.severity} ${finding.state}`;

const SEVERITY_WIDTH = 12;
const MIN_TEXT_WIDTH = 30;

const columnWidths = (stories: readonly Story[], width: number): readonly number[] => {
  const longest = Math.max(
    6,
    ...stories.flatMap((story) => linesOf(story)).map((line) => objectOf(line).length),
  );
  const object = Math.min(longest + 2, Math.max(16, Math.floor(width / 3)));
  return [SEVERITY_WIDTH, object, Math.max(MIN_TEXT_WIDTH, width - SEVERITY_WIDTH - object)];
};

const heading = (widths: readonly number[], paint: Paint): string =>
  plainTable(widths, [["SEVERITY", "OBJECT", "WHAT IS WRONG"].map(paint.quiet)]);

const renderStory = (story: Story, widths: readonly number[], style: Style, paint: Paint): string => {
  const indent = " ".repeat(SEVERITY_WIDTH);
  const { state, because, repair } = story.finding;
  return [
    ...linesOf(story).flatMap((line) => [
      plainTable(widths, [
        [
          paint.severity(line.finding.severity, severityOf(line)),
          objectOf(line),
          printable(line.finding.symptom),
        ],
      ]),
      ...(style.verbose ? evidenceLines(line.finding, style, paint) : []),
    ]),
    // What is not proven is not to be repaired yet; why it is not says what to do.
    ...(state === "confirmed"
      ? [`${indent}next: ${paint.command(printable(repair.command))}`]
      : [wrapped(because, style.width, indent)]),
  ].join("\n");
};

const evidenceLines = (finding: Finding, style: Style, paint: Paint): readonly string[] =>
  finding.evidence.map((evidence) =>
    paint.quiet(
      wrapped(
        `${evidence.fact} [${evidence.source} at ${momentOf(evidence.at)}]`,
        style.width,
        " ".repeat(SEVERITY_WIDTH + 2),
      ),
    ),
  );

const notSeen = (silent: readonly UnansweredSource[], style: Style, paint: Paint): string => {
  if (silent.length === 0) return "";
  const shown = style.verbose ? silent : silent.filter(({ required }) => required);
  const hidden = silent.length - shown.length;
  return [
    paint.warning("Not seen"),
    ...shown.map(({ domain, subject, reason, message, rules }) =>
      wrapped(
        `${domain} ${subject}: ${reason}, ${message}${rules.length === 0 ? "" : ` (${counted(rules.length, "rule")} could not judge what it would tell of${style.verbose ? `: ${rules.join(", ")}` : ""})`}`,
        style.width,
        "  ",
      ),
    ),
    ...(hidden === 0 ? [] : [`  ${counted(hidden, "source")} that nothing rests on (--verbose names them)`]),
  ].join("\n");
};

/** One cause may have broken several objects: then there is one plan for all of them too. */
const together = (stories: readonly Story[], paint: Paint): string => {
  const repairable = stories.filter(
    ({ finding }) => finding.state === "confirmed" && finding.repair.recipe !== null,
  );
  return repairable.length < 2
    ? ""
    : `next for these ${repairable.length} together: ${paint.command("vtdoctor fix --all --dry-run")}`;
};

const expired = (document: ScanDocument, style: Style, paint: Paint): string => {
  const over = document.summary.expiredSuppressions;
  if (over.length === 0) return "";
  const lines = over.map(({ finding, until, reason }) =>
    wrapped(`${finding}, until ${until}: ${reason}`, style.width, "  "),
  );
  return [paint.warning("Suppressions that have expired"), ...lines].join("\n");
};

const NO_LINES = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((name) => [name, ""]),
);

const plainTable = (widths: readonly number[], rows: readonly (readonly string[])[]): string => {
  const table = new Table({
    chars: NO_LINES,
    colWidths: [...widths],
    style: { "padding-left": 0, "padding-right": 2, head: [], border: [] },
    wordWrap: true,
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replace(/[ ]+$/gm, "");
};
