/** A cluster's own words can hold anything; no control character of theirs reaches a terminal. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Lines no longer than `width` where words allow it, each after `indent`; what follows a list mark (`- `) hangs under its text. */
export const wrapped = (text: string, width: number, indent: string): string => {
  const lines: string[] = [];
  const hang = text.startsWith("- ") ? "  " : "";
  let line = "";
  for (const word of printable(text).split(" ")) {
    const before = indent.length + (lines.length === 0 ? 0 : hang.length);
    if (line !== "" && before + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one, i) => indent + (i === 0 ? "" : hang) + one).join("\n");
};

/** An evidence's `at`: an etcd revision, or unix milliseconds (which no revision of a real cluster reaches). */
export const momentOf = (at: string): string => {
  const number = Number(at);
  if (!Number.isFinite(number)) return at;
  return number > 1e12 ? new Date(number).toISOString().replace(/\.\d+Z$/, "Z") : `revision ${at}`;
};
