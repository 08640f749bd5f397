/** A command as it is printed: in a rule's text, in the source, or in what vtdoctor said. */
export interface Printed {
  /** All of it, as a person would copy it. */
  readonly text: string;
  /** What it is, without the values: program, subcommand, action and flags, but for where the runs lie. */
  readonly shape: string;
}

const COMMANDS = ["scan", "query", "explain", "fix", "cancel", "resume", "undo", "purge", "runs", "rules"];
const START = `(?:vtctldclient [A-Z]\\w+|etcdctl [a-z]+|vtdoctor (?:${COMMANDS.join("|")}))(?![\\w/])`;
const ACTIONS = /^(create|cancel|complete|delete|start|stop|status|switchtraffic|reversetraffic)$/;
/** What ends a command that stands in a sentence without backticks. */
const END =
  /[,;()]|\.(?=\s|$)|: |"$|\s(?:and|or|does|says|shows|prints|drops|first|then|lets|can|to|with a|for it)\b/;

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
  const flags = words.flatMap((word) => /^(?!--run-dir)(--[a-z-]+)/.exec(word)?.[1] ?? []);
  const toggled = words
    .filter((word) => /^--orphans$/.test(word))
    .map((word) => words[words.indexOf(word) + 1]);
  return [program, sub, ...action, ...flags.toSorted(), ...toggled].join(" ");
}
