import type { CardVariant, RuleCard } from "../../src/findings/rule-card.js";

/** One rule's page of docs/rules, in Markdown. Generated, so that the rule file stays the only place that says it. */
export const rulePage = (rule: RuleCard): string =>
  document([
    `# ${rule.id}`,
    `<!-- Generated from ${rule.file}; write it again with: npx vitest run --project fast test/rules/pages.test.ts -u -->`,
    `**${rule.severity}**: ${rule.title}. ${prose(rule.because)}`,
    section("What it says", [quoted(rule.symptom)]),
    section("Impact", [prose(rule.impact)]),
    section("Cause", [prose(rule.cause)]),
    section("Versions", rule.versions === null ? [] : [prose(rule.versions)]),
    section("Repair", [bullets(rule.steps.map(prose)), code("sh", rule.command)]),
    ...rule.variants.map(variantSection),
    section("Messages that lead here", [bullets(rule.messages.map((message) => `\`${message}\``))]),
    section("References", [bullets(rule.references.map(referenceLink))]),
    section("Drifts that it finds", [rule.drifts.join(", ")]),
    section("Part of another story", [bullets(rule.follows.map((root) => `[${root}](${root}.md)`))]),
    section("What it needs to know", [needsText(rule.needs)]),
    section("Query", [code("sql", rule.query)]),
    section("Tested with", [
      bullets([
        ...rule.examples.sick.map((name) => `sick: ${prose(name)}`),
        ...rule.examples.healthy.map((name) => `healthy: ${prose(name)}`),
      ]),
    ]),
  ]);

/** The list of all rules, by family. */
export const rulesIndex = (rules: readonly RuleCard[]): string =>
  document([
    "# The rules",
    "<!-- Generated; write it again with: npx vitest run --project fast test/rules/pages.test.ts -u -->",
    "`{name}` in a text stands for what the finding fills in. How to write one: [writing-rules.md](../writing-rules.md). By what a log says: [messages.md](messages.md).",
    ...[...new Set(rules.map(({ family }) => family))]
      .toSorted()
      .map((family) =>
        section(family, [
          bullets(
            rules
              .filter((rule) => rule.family === family)
              .map(({ id, severity, title }) => `[${id}](${id}.md) (${severity}): ${title}`),
          ),
        ]),
      ),
  ]);

/** Every message with the rules that know it, in the order of the alphabet: for who has a line of a log and no vtdoctor at hand. */
export const messagesIndex = (rules: readonly RuleCard[]): string => {
  const messages = [...new Set(rules.flatMap((rule) => rule.messages))];
  const leads = (message: string): string =>
    rules
      .filter((rule) => rule.messages.includes(message))
      .map(({ id }) => `[${id}](${id}.md)`)
      .join(", ");
  const spoken = (message: string): string => message.replace(/[^a-z0-9]/gi, "").toLowerCase();
  return document([
    "# The rules by message",
    "<!-- Generated; write it again with: npx vitest run --project fast test/rules/pages.test.ts -u -->",
    "What Vitess, etcd and MySQL print, and the drifts that it leads to; `...` stands for what differs from case to case.",
    code("sh", 'vtdoctor explain "MESSAGE FROM A LOG"'),
    bullets(
      messages
        .toSorted((one, other) => (spoken(one) < spoken(other) ? -1 : 1))
        .map((message) => `\`${message}\`: ${leads(message)}`),
    ),
  ]);
};

const variantSection = (variant: CardVariant): string =>
  section(`Where ${variant.when}`, [
    variant.severity === null ? "" : `Severity: **${variant.severity}**.`,
    variant.symptom === null ? "" : quoted(variant.symptom),
    variant.impact === null ? "" : `Impact: ${prose(variant.impact)}`,
    variant.cause === null ? "" : `Cause: ${prose(variant.cause)}`,
    bullets(variant.steps.map(prose)),
    variant.command === null ? "" : code("sh", variant.command),
  ]);

/** A public report as a link; a file of Vitess as it is. */
const referenceLink = (reference: string): string => {
  const [, project = "", number = ""] = /^(vitess|operator|website)#(\d+)$/.exec(reference) ?? [];
  if (number === "") return `\`${reference}\``;
  return `[${reference}](https://github.com/${REPOSITORIES[project]}/issues/${number})`;
};

const REPOSITORIES: Readonly<Record<string, string>> = {
  vitess: "vitessio/vitess",
  operator: "planetscale/vitess-operator",
  website: "vitessio/website",
};

const needsText = (needs: readonly string[]): string =>
  needs.length === 0
    ? "Nothing beyond the rows themselves."
    : `Where one of these did not answer for the object, the verdict is \`unknown\`: ${needs.join(", ")}.`;

const document = (parts: readonly string[]): string =>
  `${parts.filter((part) => part !== "").join("\n\n")}\n`;

const section = (title: string, parts: readonly string[]): string => {
  const filled = parts.filter((part) => part !== "");
  return filled.length === 0 ? "" : [`## ${title}`, ...filled].join("\n\n");
};

const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

const quoted = (text: string): string => `> ${prose(text)}`;

const code = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** `_` and `*` of a name are no emphasis. Text between backticks is left alone. */
const prose = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replace(/[_*<>]/g, "\\$&")))
    .join("");
