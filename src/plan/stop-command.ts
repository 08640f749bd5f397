import { UsageError } from "../cluster/errors.js";
import type { CommandTemplate } from "./context.js";
import type { TabletRef } from "./refs.js";

const PLACES = ["alias", "host", "port", "keyspace", "shard"] as const;
type Place = (typeof PLACES)[number];

/** What Vitess allows in such names and what needs no quoting in any shell, should the command start one itself. */
const HARMLESS = /^[A-Za-z0-9._:@-]+$/;

/**
 * `systemctl stop vttablet@{alias}`: words apart by spaces, quotes and backslashes as in a shell, but no shell runs it: whoever needs one
 * writes `sh -c '...'`. Throws UsageError that names the key.
 */
export function parseCommand(text: string): CommandTemplate {
  const words = split(text);
  if (words.length === 0) throw problem(text, "is empty; give a program and its arguments");
  for (const word of words)
    for (const [, place = ""] of word.matchAll(/\{([^{}]*)\}/g))
      if (!PLACES.includes(place as Place))
        throw problem(text, `has {${place}}; known are ${PLACES.map((one) => `{${one}}`).join(", ")}`);
  return words;
}

function split(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'") {
      at += 1;
      if (at >= text.length) throw problem(text, "ends in a backslash");
      word = (word ?? "") + text[at];
    } else if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") throw problem(text, `has an open ${quote}`);
  return word === null ? words : [...words, word];
}

const problem = (text: string, what: string): UsageError =>
  new UsageError(`hooks.stopTablet: "${text}" ${what}.`);

/** The command for one tablet. Throws UsageError where a name of it could mean more to a shell than itself. */
export function commandFor(
  template: CommandTemplate,
  { alias, keyspace, shard, address }: TabletRef,
): readonly string[] {
  const values: Readonly<Record<Place, string>> = {
    alias,
    host: address.host,
    port: String(address.grpcPort),
    keyspace,
    shard,
  };
  return template.map((word) =>
    word.replace(/\{(\w+)\}/g, (_, place: Place) => {
      const value = values[place];
      if (!HARMLESS.test(value))
        throw new UsageError(
          `hooks.stopTablet: {${place}} of ${alias} is "${value}", which no command gets; stop that tablet by hand.`,
        );
      return value;
    }),
  );
}
