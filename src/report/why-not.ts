import type { LookedAt, MissedCondition, WhyNot } from "../findings/why-not.js";
import { paintWith, type Style } from "./style.js";
import { counted, printable, wrapped } from "./text.js";

/** Why a rule does not find an object: the conditions, and what was looked at. */
export const renderWhyNot = (why: WhyNot, style: Style): string => {
  const paint = paintWith(style);
  const section = (title: string, lines: readonly string[]): string =>
    lines.length === 0
      ? ""
      : [paint.strong(title), ...lines.map((line) => wrapped(line, style.width, "  "))].join("\n");
  return `${[
    wrapped(verdict(why), style.width, ""),
    section(
      "Without one of these conditions it would be found",
      why.conditions.filter(({ length }) => length === 1).flatMap((one) => one.map(conditionText)),
    ),
    section(
      "Without both of these conditions it would be found",
      why.conditions.filter(({ length }) => length > 1).map((both) => both.map(conditionText).join(" and ")),
    ),
    section("Could have told of it, and did not", why.silent),
    section("Looked at", why.facts.flatMap(factText)),
  ]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
};

const verdict = ({ rule, object, found, conditions, known }: WhyNot): string => {
  if (found !== null && (found.state === "confirmed" || found.state === "suspected"))
    return `${rule} does find ${object}: it is ${found.state} (${found.because}).`;
  if (found !== null)
    return `${rule} finds ${object}, but raises no alarm: it is ${found.state} (${found.because}).`;
  if (!known) return `${rule} does not find ${object}: nothing that it reads has a row of that name.`;
  return conditions.length > 0
    ? `${rule} does not find ${object}.`
    : `${rule} does not find ${object}, nor would it without any two of its conditions: rows that it joins are not there.`;
};

const conditionText = ({ text, view }: MissedCondition): string =>
  `- ${text}${view === null ? "" : ` (in the view ${view})`}`;

/** More rows are for --format json. */
const SHOWN = 5;

const factText = ({ table, rows }: LookedAt): readonly string[] => [
  `- ${table}: ${rows.length === 0 ? "no row of it" : counted(rows.length, "row")}`,
  ...rows.slice(0, SHOWN).map(
    (row) =>
      `  ${Object.entries(row)
        .map(([name, value]) => `${name} ${printable(value)}`)
        .join(", ")}`,
  ),
];
