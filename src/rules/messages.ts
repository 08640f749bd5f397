import type { Rule } from "./rule.js";

/** A message of a rule that a line of a log fits. */
export interface MessageHit {
  readonly rule: Rule;
  /** As the rule has it, `...` for what differs from case to case. */
  readonly message: string;
  /** All of it is in the line; else most of it, or most of the line is in it. */
  readonly whole: boolean;
  /** The characters of it that were met. */
  readonly met: number;
}

/**
 * The rules that say that they print such a line, each with its best message, best first: where a whole message is in the line, those that are
 * only nearly in it count no more.
 */
export const rulesWithMessage = (rules: readonly Rule[], line: string): readonly MessageHit[] => {
  const words = wordsOf(line);
  const hits = rules.flatMap((rule) =>
    bestOf(rule.messages.flatMap((message) => hitOf(rule, message, words))),
  );
  const whole = hits.filter((hit) => hit.whole);
  return (whole.length > 0 ? whole : hits).toSorted(better);
};

const better = (one: MessageHit, other: MessageHit): number =>
  Number(other.whole) - Number(one.whole) || other.met - one.met || (one.rule.id < other.rule.id ? -1 : 1);

const bestOf = (hits: readonly MessageHit[]): readonly MessageHit[] => hits.toSorted(better).slice(0, 1);

/** Case, quotes and punctuation between words differ with who prints the line; what holds a name together (`/`, `_`, `.`) does not. */
const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replace(/\u2026/g, "...")
    .replace(/['"`\u2018\u2019\u201c\u201d]/g, "")
    .split(/[\s:;,()[\]{}=]+/)
    .filter((word) => word !== "");

const hitOf = (rule: Rule, message: string, line: readonly string[]): readonly MessageHit[] => {
  const own = wordsOf(message).map(patternOf);
  const all = lettersOf(own.map(({ letters }) => letters));
  if (all === 0) return [];
  if (contains(line, own)) return [{ rule, message, whole: true, met: all }];
  const { met, words } = inCommon(own, line);
  const given = lettersOf(line.map(({ length }) => length));
  const nearly = words >= FEWEST_WORDS && met >= MOST * Math.min(all, given);
  return nearly ? [{ rule, message, whole: false, met }] : [];
};

/** So many words in common, and so much of the shorter of the two texts, are no chance. */
const FEWEST_WORDS = 4;
const MOST = 0.8;

interface Pattern {
  /** Null: any words, or none. */
  readonly word: RegExp | null;
  /** Characters that it says itself. */
  readonly letters: number;
}

const patternOf = (word: string): Pattern => {
  const parts = word.split(/\.{3,}/);
  if (parts.every((part) => part === "")) return { word: null, letters: 0 };
  const text = parts.map((part) => part.replace(/[^a-z0-9]/g, "\\$&")).join(".*");
  return { word: new RegExp(`^${text}[.!?]?$`), letters: lettersOf(parts.map(({ length }) => length)) };
};

const lettersOf = (lengths: readonly number[]): number => lengths.reduce((sum, length) => sum + length, 0);

/** What stands for `...` is a name, or a few. */
const WIDEST = 4;

/** Whether the line has the words one after the other somewhere, a bare `...` standing for at most `WIDEST`. */
const contains = (line: readonly string[], own: readonly Pattern[]): boolean => {
  const from = (at: number, next: number): boolean => {
    const [pattern] = own.slice(next, next + 1);
    if (pattern === undefined) return true;
    if (pattern.word === null)
      return Array.from({ length: WIDEST + 1 }, (_, skipped) => at + skipped).some(
        (to) => to <= line.length && from(to, next + 1),
      );
    const word = line[at];
    return word !== undefined && pattern.word.test(word) && from(at + 1, next + 1);
  };
  return line.some((_, at) => from(at, 0));
};

/** The longest list of words that both have in this order, by the characters of the message. */
const inCommon = (own: readonly Pattern[], line: readonly string[]): { met: number; words: number } => {
  let above = line.map(() => NOTHING).concat(NOTHING);
  for (const { word, letters } of own) {
    const row = [NOTHING];
    for (const [i, given] of line.entries()) {
      const with_ = above[i] ?? NOTHING;
      const best = [above[i + 1] ?? NOTHING, row[i] ?? NOTHING];
      if (word?.test(given)) best.push({ met: with_.met + letters, words: with_.words + 1 });
      row.push(best.reduce((most, one) => (one.met > most.met ? one : most)));
    }
    above = row;
  }
  return above.at(-1) ?? NOTHING;
};

const NOTHING = { met: 0, words: 0 };
