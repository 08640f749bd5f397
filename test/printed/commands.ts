/** A command as it is printed: in a rule's text, in the source, or in what vtdoctor said. */
export interface Printed {
  /** All of it, as a person would copy it. */
  readonly text: string;
  /** What it is, without the values: program, subcommand, action and flags, but for where the runs and a rule of one's own lie. */
  readonly shape: string;
}

const COMMANDS = ["scan", "query", "explain", "fix", "cancel", "resume", "undo", "purge", "runs", "rules"];
const START = `(?:vtctldclient [A-Z]\\w+|etcdctl [a-z]+|vtdoctor (?:${COMMANDS.join("|")}))(?![\\w/])`;
const ACTIONS = /^(create|cancel|complete|delete|start|stop|status|switchtraffic|reversetraffic)$/;
/** What ends a command that stands in a sentence without backticks. */
const END =
  /[,;()]|\.(?=\s|$)|: |"$|\s(?:and|or|does|says|shows|prints|lists|drops|first|then|lets|can|to|with a|for it)\b/;

/** The commands of a text: whole between backticks; elsewhere from the program's name to where the sentence goes on. */
export function commandsIn(text: string): readonly Printed[] {
  const fenced = [...text.matchAll(new RegExp(`\`(${START}[^\`]*)`, "g"))].map(([, command = ""]) => command);
  const rest = text.replaceAll(new RegExp(`\`${START}[^\`]*\``, "g"), "");
  const bare = [...rest.matchAll(new RegExp(`(?<![\\w\`])${START}[^\`\\n]*?(?=${START}|$)`, "gm"))].map(
    ([command]) => (command.split(END)[0] ?? "").trim(),
  );
  return [...fenced, ...bare].map((command) => ({ text: command, shape: shapeOf(command) }));
}

export function shapeOf(command: string): string {
  const [program = "", sub = "", ...words] = command
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}|\{[^}]*\}|<[^>]*>/g, "X")
    .replaceAll(/"[^"]*"|'[^']*'/g, "X")
    .split(/\s+/);
  const action = words.filter((word) => ACTIONS.test(word));
  const flags = words.flatMap((word) => /^(?!--run-dir|--rules(?!-))(--[a-z-]+)/.exec(word)?.[1] ?? []);
  const toggled = words
    .filter((word) => /^--orphans$/.test(word))
    .map((word) => words[words.indexOf(word) + 1]);
  return [program, sub, ...action, ...flags.toSorted(), ...toggled].join(" ");
}

/** The first command of a text that begins so, or is exactly that. */
export function printedIn(text: string, begins: string): Printed {
  const all = commandsIn(text);
  const printed = all.find((one) => one.text === begins) ?? all.find((one) => one.text.startsWith(begins));
  if (printed === undefined) throw new Error(`nothing that begins with '${begins}' was printed: ${text}`);
  return printed;
}

/** With what it leaves to the reader: placeholder as it is printed (`<alias>`) -> value. Throws where one is left. */
export function filledIn(command: string, values: Readonly<Record<string, string>>): string {
  const filled = Object.entries(values).reduce((text, [from, to]) => text.replaceAll(from, to), command);
  if (/<[a-z ]+>|\{\w+\}|undefined|(?<!=)null/.test(filled))
    throw new Error(`a value that only the reader knows: ${filled}`);
  return filled;
}

/** Columns, where the output is no terminal (src/cli/process.ts). */
const WIDTH = 120;

/** Paragraphs as they were before they were wrapped: a line goes on where its next word had no room in it. */
export const unwrapped = (text: string): string =>
  text
    .split("\n")
    .reduce<readonly [lines: readonly string[], full: number]>(
      ([lines, full], line) => {
        const [word = ""] = line.trimStart().split(" ");
        const goesOn = line.startsWith(" ") && lines.length > 0 && full + 1 + word.length > WIDTH;
        return goesOn
          ? [[...lines.slice(0, -1), `${lines.at(-1)} ${line.trimStart()}`], line.length]
          : [[...lines, line], line.length];
      },
      [[], 0],
    )[0]
    .join("\n");
